import type { PlatformPart } from '@holdfast/media-server/protocol/index.ts';
import type { PlatformView } from './observation.ts';

/**
 * The view that these parts are of, with all its times by our clock: two machines' clocks need not agree. It was made after
 * we had asked for it, so it is taken for a little older than it is.
 *
 * @param askedAtMs when we asked for its first part, by our clock
 */
export function viewOf(parts: readonly PlatformPart[], askedAtMs: number): PlatformView {
  const [first] = parts;
  const aheadMs = first ? askedAtMs - first.nowMs : 0;
  return {
    nodes: parts.flatMap(({ nodes }) => nodes),
    reservations: parts
      .flatMap(({ reservations }) => reservations)
      .map((row) => ({
        ...row,
        madeAtMs: row.madeAtMs + aheadMs,
        keptUntilMs: row.keptUntilMs + aheadMs,
      })),
    demand: {
      wishes: parts
        .flatMap(({ wishes }) => wishes)
        .map((wish) => ({
          ...wish,
          firstAtMs: wish.firstAtMs + aheadMs,
          lastAtMs: wish.lastAtMs + aheadMs,
          ...(wish.kind === 'announced' ? { startsAtMs: wish.startsAtMs + aheadMs } : {}),
        })),
      leftOut: first?.wishesLeftOut ?? 0,
    },
    asOfMs: askedAtMs - (first?.ageMs ?? 0),
  };
}
