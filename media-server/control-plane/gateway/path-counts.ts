import type { MediaPath } from '../../protocol/index.ts';

/** Participants by the path of their media. */
export interface PathCounts {
  readonly paths: Readonly<Partial<Record<MediaPath, number>>>;
  readonly poorPaths: number;
}

export type SeenPath = { readonly path: MediaPath; readonly poor: boolean } | undefined;

/** Each participant counts once, by the newest leg of which something is known: in a move there are two. */
export function pathCounts(participants: readonly (readonly SeenPath[])[]): PathCounts {
  const paths: Partial<Record<MediaPath, number>> = {};
  let poorPaths = 0;
  for (const legs of participants) {
    const seen = legs.findLast((leg) => leg !== undefined);
    if (!seen) continue;
    paths[seen.path] = (paths[seen.path] ?? 0) + 1;
    if (seen.poor) poorPaths += 1;
  }
  return { paths, poorPaths };
}
