import { beforeAll, describe, expect, it } from 'vitest';
import type { ColumnResult } from '../../cli/bench/paths/column-result.ts';
import { columns, isExpected } from '../../cli/bench/paths/columns.ts';
import { hasFirefox, measurePaths, whyNoBed } from '../../cli/bench/paths/path-bed.ts';

const why = whyNoBed();
if (why !== undefined) console.warn(`the paths through firewalls are not tried: ${why}`);
const firefox = hasFirefox();
if (why === undefined && !firefox) console.warn('Firefox is not installed: its path is not tried');
const tried = columns.filter(({ browser }) => firefox || browser !== 'firefox');

/** All of them in one bed: it takes longer to lay than to walk. */
describe.runIf(why === undefined)('a meeting through', () => {
  const results = new Map<string, ColumnResult>();
  beforeAll(async () => {
    const measured = await measurePaths(
      tried.map(({ id }) => id),
      { signal: AbortSignal.timeout(540_000), say: () => {} },
    );
    for (const result of measured) results.set(result.id, result);
  }, 570_000);

  for (const column of tried) {
    const { id, title, path, moves } = column;
    it(`${title}: everybody gets in by ${path} and stays through a handover`, () => {
      const result = results.get(id);
      expect(result?.failed).toBeNull();
      const seen = [...(result?.paths ?? []), ...(result?.handover?.paths ?? [])];
      expect(seen).toHaveLength(4);
      expect(seen.filter((one) => !isExpected(column, one))).toEqual([]);
      expect(result?.checked).toBe(path);
      expect(Object.values(result?.told ?? {}).reduce((sum, people) => sum + people, 0)).toBe(2);
      expect(result?.firstFrameMs).not.toBeNull();
      if (moves) expect(result?.backMs).toBeLessThan(30_000);
    });
  }
});
