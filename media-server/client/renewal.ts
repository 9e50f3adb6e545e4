/**
 * When to ask the gateway for another leg. Pure. The gateway opens and closes legs by itself as meetings move and nodes
 * die; this is for what only the participant can see: a path that stays broken though ICE was restarted, a receiving
 * side that can take nothing new, a leg that its node has ended without a word from the gateway, and having no leg at all.
 */

export type RenewalReason = 'path-broken' | 'reception-spoilt' | 'leg-ended' | 'no-leg';

export interface Situation {
  readonly nowMs: number;
  /** Since when the gateway can be asked; undefined: it cannot. */
  readonly signallingSinceMs: number | undefined;
  /** The newest leg, which is where the meeting is or goes; undefined: there is none. */
  readonly leg:
    | {
        readonly brokenSinceMs: number | undefined;
        readonly endedSinceMs: number | undefined;
        readonly spoilt: boolean;
      }
    | undefined;
  /** Since when there has been no leg. */
  readonly leglessSinceMs: number | undefined;
  /** When legs were asked for before. */
  readonly askedAtMs: readonly number[];
}

/** So long an ICE restart may take, with signalling to carry it. */
const BROKEN_MS = 8_000;
const LEGLESS_MS = 3_000;
/** After each request the next one waits twice as long, as far as this. */
const FIRST_GAP_MS = 8_000;
const LONGEST_GAP_MS = 60_000;
/** Requests longer ago are forgotten. */
const MEMORY_MS = 180_000;
/** Receiving may have to be mended twice in a row: once to find the stream that breaks it, once without it. */
const SPOILT_AT_ONCE = 2;

export const remembered = (askedAtMs: readonly number[], nowMs: number): readonly number[] =>
  askedAtMs.filter((atMs) => nowMs - atMs < MEMORY_MS);

export function renewalDue(situation: Situation): RenewalReason | undefined {
  const { nowMs, signallingSinceMs, leg, leglessSinceMs } = situation;
  if (signallingSinceMs === undefined) return undefined;
  const asked = remembered(situation.askedAtMs, nowMs);
  if (leg?.spoilt && asked.length < SPOILT_AT_ONCE) return 'reception-spoilt';
  const gapMs = asked.length === 0 ? 0 : Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 2 ** (asked.length - 1));
  if (nowMs - (asked.at(-1) ?? Number.NEGATIVE_INFINITY) < gapMs) return undefined;
  const lasts = (sinceMs: number | undefined, limitMs: number) =>
    sinceMs !== undefined && nowMs - Math.max(sinceMs, signallingSinceMs) >= limitMs;
  if (!leg) return lasts(leglessSinceMs, LEGLESS_MS) ? 'no-leg' : undefined;
  if (leg.spoilt) return 'reception-spoilt';
  if (lasts(leg.endedSinceMs, LEGLESS_MS)) return 'leg-ended';
  return lasts(leg.brokenSinceMs, BROKEN_MS) ? 'path-broken' : undefined;
}
