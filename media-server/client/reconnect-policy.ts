import type { HoldfastError } from '../protocol/errors.ts';
import { closeCode } from '../protocol/signalling.ts';

/** Why another connection is wanted: so many participants may want one at this moment. */
export type LossCause =
  /** This participant's own line: nobody else is affected. */
  | 'own'
  /** The gateway or the path to it: others may have lost it in the same moment. */
  | 'shared';

const BASE_MS = 250;
const LONGEST_MS = 5_000;
const FIRST_SPREAD_MS: Readonly<Record<LossCause, number>> = { own: 100, shared: 500 };
/** Nothing of this participant has been alive for so long: the page may say so. */
const HOPE_MS = 120_000;

/**
 * How long to wait before the first attempt. Next to nothing when only this line is lost; spread when many may come at
 * once, as widely as the gateway says if it has said so.
 * @param withinMs so long the present connection will last
 * @param random 0 ≤ random < 1
 */
export function firstDelayMs(
  cause: LossCause,
  toldSpreadMs: number | undefined,
  withinMs: number,
  random: number,
): number {
  return Math.min(toldSpreadMs ?? FIRST_SPREAD_MS[cause], withinMs) * random;
}

/**
 * How long to wait before another attempt to reach a gateway: backs off with jitter, so that the participants of a
 * stopped gateway do not arrive in waves.
 * @param attempt counted from 1
 * @param askedForMs what the gateway asked for, if it did; others were asked the same
 * @param random 0 ≤ random < 1
 */
export function retryDelayMs(attempt: number, askedForMs: number | undefined, random: number): number {
  if (askedForMs !== undefined) return askedForMs * (1 + random / 4);
  const ceiling = Math.min(LONGEST_MS, BASE_MS * 2 ** Math.min(attempt, 16));
  return ceiling / 4 + (ceiling * 3 * random) / 4;
}

/** Whether another attempt could succeed: everything but a clear no. */
export function mayRetry(error: HoldfastError): boolean {
  return error.retryable || error.code === 'INTERNAL';
}

/** Whether a gateway has said that the session itself is over, and how. */
export function endOf(error: HoldfastError): 'replaced' | 'removed' | 'expired' | undefined {
  if (error.code === 'FORBIDDEN') return 'removed';
  if (error.code === 'SESSION_REPLACED') return 'replaced';
  return error.code === 'SESSION_UNKNOWN' ? 'expired' : undefined;
}

/**
 * Whether to stop trying. Never while media flows: others see and hear this participant, and a control plane that is
 * gone ends no call. After that, when neither media nor signalling has been alive for longer than the gateway keeps the
 * session, and long enough for somebody to walk through a tunnel.
 */
export function isHopeless(known: {
  readonly nowMs: number;
  readonly lostAtMs: number;
  /** Since when no transport is connected; undefined: one is. */
  readonly mediaLostAtMs: number | undefined;
  readonly keptForMs: number;
}): boolean {
  const { nowMs, lostAtMs, mediaLostAtMs, keptForMs } = known;
  if (mediaLostAtMs === undefined) return false;
  return nowMs - Math.max(lostAtMs, mediaLostAtMs) > Math.max(keptForMs, HOPE_MS);
}

/** What the close of a WebSocket means for the participation. */
export type CloseMeaning = 'ended' | 'removed' | 'replaced' | 'superseded' | LossCause;

export function meaningOfClose(code: number | undefined): CloseMeaning {
  switch (code) {
    case closeCode.ended:
      return 'ended';
    case closeCode.removed:
      return 'removed';
    case closeCode.replaced:
      return 'replaced';
    case closeCode.superseded:
      return 'superseded';
    default:
      return 'shared';
  }
}
