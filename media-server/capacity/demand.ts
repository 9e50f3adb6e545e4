import { larger, type Shares } from './meeting-load.ts';
import { EXPECTED_KEPT_MS } from './reservations.ts';

/**
 * What asked for room and has none yet. `refused`: a meeting that could not begin. `waiting`: a move that found no
 * target. `announced`: a meeting that is to begin at a time.
 */
export type Asking =
  | { readonly kind: 'refused' | 'waiting' }
  | { readonly kind: 'announced'; readonly startsAtMs: number };

export type Wish = Asking & {
  readonly meetingId: string;
  readonly shares: Shares;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

export interface Demand {
  /** The oldest first. */
  readonly wishes: readonly Wish[];
  /** At least so many were left out because there were too many. */
  readonly leftOut: number;
}

export const noDemand: Demand = { wishes: [], leftOut: 0 };

/** Somebody who was refused asks again within seconds; who has not asked for this long has gone elsewhere, ms. */
const ASKED_KEPT_MS = 60_000;
/** What more wishes than these would say is that far more is needed than can be launched at once. */
const MOST_WISHES = 1000;

/** Somebody asks, for the first time or again. A meeting has one wish of each kind. */
export function wish(
  demand: Demand,
  asking: Asking & { readonly meetingId: string; readonly shares: Shares },
  nowMs: number,
): Demand {
  return mergeDemand(
    demand,
    { wishes: [{ ...asking, firstAtMs: nowMs, lastAtMs: nowMs }], leftOut: 0 },
    nowMs,
  );
}

/** The meeting has found its room, or wants none any more. */
export function fulfil(demand: Demand, meetingId: string): Demand {
  return { ...demand, wishes: demand.wishes.filter((each) => each.meetingId !== meetingId) };
}

/** What two replicas know, or one at two times; the order and how often does not matter. */
export function mergeDemand(a: Demand, b: Demand, nowMs: number): Demand {
  const merged = new Map<string, Wish>();
  for (const each of [...a.wishes, ...b.wishes]) {
    if (nowMs >= keptUntilMs(each)) continue;
    const key = keyOf(each);
    const present = merged.get(key);
    merged.set(key, present ? mergeWish(present, each) : each);
  }
  const wishes = [...merged.values()].sort(
    (x, y) => x.firstAtMs - y.firstAtMs || (keyOf(x) < keyOf(y) ? -1 : 1),
  );
  if (wishes.length < MOST_WISHES) return { wishes, leftOut: 0 };
  const leftOut = Math.max(a.leftOut, b.leftOut, wishes.length - MOST_WISHES);
  return { wishes: wishes.slice(0, MOST_WISHES), leftOut };
}

/** The newer one says what is asked for; what is asked for by both at the same time is the larger. */
function mergeWish(a: Wish, b: Wish): Wish {
  const order = a.lastAtMs - b.lastAtMs || keptUntilMs(a) - keptUntilMs(b);
  const newer = order < 0 ? b : a;
  const shares = a.lastAtMs === b.lastAtMs ? larger(a.shares, b.shares) : newer.shares;
  return { ...newer, shares, firstAtMs: Math.min(a.firstAtMs, b.firstAtMs) };
}

function keptUntilMs(each: Wish): number {
  return each.kind === 'announced'
    ? Math.max(each.startsAtMs, each.lastAtMs) + EXPECTED_KEPT_MS
    : each.lastAtMs + ASKED_KEPT_MS;
}

function keyOf({ meetingId, kind }: Wish): string {
  return `${meetingId} ${kind}`;
}
