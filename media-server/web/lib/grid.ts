export interface GridRequest {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly tiles: number;
  readonly gapPx: number;
  /** No tile gets narrower; from there on the grid scrolls. */
  readonly minTileWidthPx: number;
}

export interface GridLayout {
  readonly columns: number;
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  readonly scrolls: boolean;
}

const ASPECT = 16 / 9;

/** The number of columns that makes all tiles (16:9) as large as they can be without scrolling. */
export function bestGrid(request: GridRequest): GridLayout {
  const tiles = Math.max(1, request.tiles);
  let best: GridLayout | undefined;
  for (let columns = 1; columns <= tiles; columns += 1) {
    const layout = fitted(request, tiles, columns);
    if (best === undefined || layout.tileWidthPx > best.tileWidthPx) best = layout;
  }
  if (best !== undefined && best.tileWidthPx >= Math.min(request.minTileWidthPx, request.widthPx))
    return best;
  return scrolling(request, tiles);
}

function fitted({ widthPx, heightPx, gapPx }: GridRequest, tiles: number, columns: number): GridLayout {
  const rows = Math.ceil(tiles / columns);
  const byWidth = (widthPx - gapPx * (columns - 1)) / columns;
  const byHeight = ((heightPx - gapPx * (rows - 1)) / rows) * ASPECT;
  return sized(columns, Math.max(0, Math.min(byWidth, byHeight)), false);
}

function scrolling({ widthPx, gapPx, minTileWidthPx }: GridRequest, tiles: number): GridLayout {
  const columns = Math.min(tiles, Math.max(1, Math.floor((widthPx + gapPx) / (minTileWidthPx + gapPx))));
  return sized(columns, Math.max(0, (widthPx - gapPx * (columns - 1)) / columns), true);
}

function sized(columns: number, width: number, scrolls: boolean): GridLayout {
  const tileWidthPx = Math.floor(width);
  return { columns, tileWidthPx, tileHeightPx: Math.floor(tileWidthPx / ASPECT), scrolls };
}
