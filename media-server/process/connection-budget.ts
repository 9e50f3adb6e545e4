/** A token bucket: `burst` at once, then `perSecond` for ever. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What one connection may ask of us. */
export interface BudgetLimits {
  readonly messages: Rate;
  readonly bytes: Rate;
  /** Requests that wait for our answer at the same time. */
  readonly requestsUnderWay: number;
  /** Refused messages are strikes; who has none left is cut off. */
  readonly strikes: Rate;
  /** Bytes it may send before it has entered. */
  readonly bytesBeforeEntry: number;
}

/**
 * For browsers. A person who joins a meeting of twenty, or is handed over with one, sends about 120 messages within a
 * second (one for each stream, for transports and producers); a meeting of a hundred asks for 256 streams at most. All of
 * these fit into the burst, three times over; a call that runs sends less than one message a second.
 */
export const CLIENT_BUDGET: BudgetLimits = {
  messages: { perSecond: 60, burst: 600 },
  bytes: { perSecond: 128 * 1024, burst: 1024 * 1024 },
  requestsUnderWay: 256,
  strikes: { perSecond: 5, burst: 200 },
  bytesBeforeEntry: 16 * 1024,
};

/** Plain data: what is left of each bucket, and when that was so. */
export interface Budget {
  readonly atMs: number;
  readonly messages: number;
  readonly bytes: number;
  readonly strikes: number;
  readonly bytesBeforeEntry: number;
  readonly entered: boolean;
}

export type Verdict =
  | { readonly kind: 'take' }
  /** Not carried out: TOO_MANY for a request, nothing for a notification. */
  | { readonly kind: 'refuse'; readonly retryAfterMs: number }
  /** Nothing more is taken from this connection. */
  | { readonly kind: 'end'; readonly reason: string };

/** When requests under way are the limit, nobody can know when the first is answered. */
const RETRY_UNDER_WAY_MS = 500;

export const fullBudget = (limits: BudgetLimits, nowMs: number): Budget => ({
  atMs: nowMs,
  messages: limits.messages.burst,
  bytes: limits.bytes.burst,
  strikes: limits.strikes.burst,
  bytesBeforeEntry: limits.bytesBeforeEntry,
  entered: false,
});

/** What becomes of the next message, and what is left after it. */
export function judge(
  budget: Budget,
  message: { readonly bytes: number; readonly requestsUnderWay: number },
  limits: BudgetLimits,
  nowMs: number,
): { readonly verdict: Verdict; readonly budget: Budget } {
  const filled = fill(budget, limits, nowMs);
  const bytesBeforeEntry = filled.bytesBeforeEntry - (filled.entered ? 0 : message.bytes);
  const next = { ...filled, bytesBeforeEntry };
  if (bytesBeforeEntry < 0) {
    const verdict: Verdict = {
      kind: 'end',
      reason: `more than ${limits.bytesBeforeEntry} bytes before entering`,
    };
    return { verdict, budget: next };
  }
  const waitMs = Math.max(
    wait(1 - filled.messages, limits.messages),
    wait(message.bytes - filled.bytes, limits.bytes),
    message.requestsUnderWay < limits.requestsUnderWay ? 0 : RETRY_UNDER_WAY_MS,
  );
  if (waitMs === 0) {
    const left = { messages: filled.messages - 1, bytes: filled.bytes - message.bytes };
    return { verdict: { kind: 'take' }, budget: { ...next, ...left } };
  }
  if (filled.strikes < 1) return { verdict: { kind: 'end', reason: 'too many messages' }, budget: next };
  return {
    verdict: { kind: 'refuse', retryAfterMs: waitMs },
    budget: { ...next, strikes: filled.strikes - 1 },
  };
}

/** What is left of one bucket after so many ms; a clock that goes back gives nothing, and takes nothing. */
export function refill(left: number, { perSecond, burst }: Rate, elapsedMs: number): number {
  return Math.min(burst, left + (Math.max(0, elapsedMs) / 1000) * perSecond);
}

function fill(budget: Budget, limits: BudgetLimits, nowMs: number): Budget {
  const filled = (left: number, rate: Rate) => refill(left, rate, nowMs - budget.atMs);
  return {
    ...budget,
    atMs: Math.max(nowMs, budget.atMs),
    messages: filled(budget.messages, limits.messages),
    bytes: filled(budget.bytes, limits.bytes),
    strikes: filled(budget.strikes, limits.strikes),
  };
}

/** Sums of fractions are not exact; who waited as told must not be refused for that. */
const ROUNDING = 1e-6;

/** How long until so much that is missing is there, ms; 0: nothing is missing. */
export function wait(missing: number, rate: Rate): number {
  return missing <= ROUNDING ? 0 : Math.ceil((missing / rate.perSecond) * 1000);
}
