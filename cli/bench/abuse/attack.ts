import { z } from 'zod';

const counts = z.record(z.string(), z.int());

/** What the attackers are told to do. */
export const attackOrder = z.object({
  baseUrl: z.string(),
  /** The application that gives tokens to anybody who asks, also to this one. */
  apiKey: z.string(),
  meetingId: z.string(),
  seed: z.int(),
  /** Messages of the participant, and of all connections without a login together. */
  participantMessages: z.int(),
  anonymousMessages: z.int(),
  connections: z.int(),
  /** Over this time they are spread, ms; it is over after half as much again. */
  durationMs: z.number(),
});
export type AttackOrder = z.output<typeof attackOrder>;

/** What they have done, and what has been done about it. */
export const attackTally = z.object({
  /** Messages by kind. */
  sent: counts,
  /** Answers by error code; `ok` for the others. */
  answers: counts,
  /** Of connections: opened, refused, and closed by the server, with its code. */
  connections: counts,
  /** Requests to the REST API, by status. */
  rest: counts,
  joins: counts,
});
export type AttackTally = z.output<typeof attackTally>;

export const attackerReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), messages: z.int() }),
  z.object({ type: z.literal('done'), tally: attackTally }),
]);
export type AttackerReport = z.output<typeof attackerReport>;

export function emptyTally(): AttackTally {
  return { sent: {}, answers: {}, connections: {}, rest: {}, joins: {} };
}

export function count(counted: Record<string, number>, key: string, by = 1): void {
  counted[key] = (counted[key] ?? 0) + by;
}

export const total = (counted: Readonly<Record<string, number>>): number =>
  Object.values(counted).reduce((sum, each) => sum + each, 0);

export function addTallies(one: AttackTally, other: AttackTally): AttackTally {
  const sum = emptyTally();
  for (const tally of [one, other]) {
    for (const name of Object.keys(sum)) {
      if (!isTallyName(name)) continue;
      for (const [key, value] of Object.entries(tally[name])) count(sum[name], key, value);
    }
  }
  return sum;
}

const isTallyName = (name: string): name is keyof AttackTally => name in attackTally.shape;
