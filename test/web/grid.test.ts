import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestGrid } from '../../media-server/web/lib/grid.ts';

const room = { gapPx: 8, minTileWidthPx: 150 };

describe('bestGrid', () => {
  it('gives one person all the width on a telephone and all the height on a wide screen', () => {
    expect(bestGrid({ ...room, widthPx: 336, heightPx: 600, tiles: 1 })).toMatchObject({ tileWidthPx: 336 });
    expect(bestGrid({ ...room, widthPx: 1900, heightPx: 900, tiles: 1 })).toMatchObject({
      tileHeightPx: 900,
    });
  });

  it('puts two people beside each other where it is wide and below each other where it is high', () => {
    expect(bestGrid({ ...room, widthPx: 1900, heightPx: 900, tiles: 2 }).columns).toBe(2);
    expect(bestGrid({ ...room, widthPx: 336, heightPx: 600, tiles: 2 }).columns).toBe(1);
  });

  it('scrolls rather than making tiles too small to see anything', () => {
    const layout = bestGrid({ ...room, widthPx: 336, heightPx: 500, tiles: 30 });
    expect(layout).toMatchObject({ scrolls: true, columns: 2 });
    expect(layout.tileWidthPx).toBeGreaterThanOrEqual(room.minTileWidthPx);
  });

  it('never makes a row wider than the room, nor higher unless it scrolls', () => {
    const sizes = fc.record({
      widthPx: fc.integer({ min: 0, max: 4000 }),
      heightPx: fc.integer({ min: 0, max: 3000 }),
      tiles: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(sizes, (size) => {
        const { columns, tileWidthPx, tileHeightPx, scrolls } = bestGrid({ ...room, ...size });
        const rows = Math.ceil(Math.max(1, size.tiles) / columns);
        const width = columns * tileWidthPx + (columns - 1) * room.gapPx;
        const height = rows * tileHeightPx + (rows - 1) * room.gapPx;
        if (tileWidthPx > 0) expect(width).toBeLessThanOrEqual(size.widthPx);
        if (tileWidthPx > 0 && !scrolls) expect(height).toBeLessThanOrEqual(size.heightPx);
      }),
    );
  });
});
