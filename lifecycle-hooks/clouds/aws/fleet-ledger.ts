import type { MemberFailure } from '../types.ts';
import type { Activity, Group } from './auto-scaling-answers.ts';
import { launchFailureCode } from './cloud-error.ts';
import { memberState } from './member-state.ts';

/** How old the members that a group lists may be, ms. What it wants is always of now. */
export const STALE_MS = 10_000;

/** A launch that the group does not list yet. */
export interface Launch {
  /** The instance's id where the cloud has told it, else one that nothing else has. */
  readonly id: string;
  readonly named: boolean;
  readonly launchedBy: string | null;
  readonly zone: string | null;
  readonly atMs: number;
}

/** What a driver knows besides what the group lists: what it has asked for, and what it has seen. */
export interface Ledger {
  readonly startedAtMs: number;
  /** Members whose release the cloud has accepted, and when. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Members whose release was sent and not answered, and when. */
  readonly doubtful: ReadonlyMap<string, number>;
  /** The oldest first. */
  readonly launches: readonly Launch[];
  /** Launches without a name that are over: given up, or come to be a member. */
  readonly ended: ReadonlySet<string>;
  /** By instance id. */
  readonly launchedBy: ReadonlyMap<string, string>;
  readonly firstSeenMs: ReadonlyMap<string, number>;
  readonly made: number;
}

export function newLedger(nowMs: number): Ledger {
  return {
    startedAtMs: nowMs,
    accepted: new Map(),
    doubtful: new Map(),
    launches: [],
    ended: new Set(),
    launchedBy: new Map(),
    firstSeenMs: new Map(),
    made: 0,
  };
}

/** The ledger after the group was read; it was asked at this time. */
export function read(ledger: Ledger, group: Group, nowMs: number): Ledger {
  const firstSeenMs = new Map(ledger.firstSeenMs);
  for (const { InstanceId } of group.Instances)
    if (!firstSeenMs.has(InstanceId)) firstSeenMs.set(InstanceId, nowMs);
  const seen = {
    ...ledger,
    firstSeenMs,
    accepted: younger(ledger.accepted, nowMs),
    doubtful: younger(ledger.doubtful, nowMs),
  };
  return withLaunches(seen, group, nowMs);
}

/** What is older shows in what the group lists, or had no effect. */
function younger(times: ReadonlyMap<string, number>, nowMs: number): ReadonlyMap<string, number> {
  return new Map([...times].filter(([, atMs]) => nowMs - atMs < STALE_MS));
}

/** As many launches as members are missing. Those that arrive are the oldest; those that nobody asked for are new. */
function withLaunches(ledger: Ledger, group: Group, nowMs: number): Ledger {
  const listed = new Set(group.Instances.map(({ InstanceId }) => InstanceId));
  const present = group.Instances.filter(
    (each) => memberState(each)?.counts && !ledger.accepted.has(each.InstanceId),
  ).length;
  const named = ledger.launches.filter(({ id, named }) => named && !listed.has(id));
  const unnamed = ledger.launches.filter(({ named }) => !named);
  const missing = Math.max(0, group.DesiredCapacity - present - named.length);
  const arrived = unnamed.slice(0, Math.max(0, unnamed.length - missing));
  const added = Array.from({ length: Math.max(0, missing - unnamed.length) }, (_, index) =>
    nameless(ledger, index, null, nowMs),
  );
  return {
    ...ledger,
    launches: [...named, ...unnamed.slice(arrived.length), ...added],
    ended: new Set([...ledger.ended, ...arrived.map(({ id }) => id)]),
    made: ledger.made + added.length,
  };
}

/** Its id is no other driver's either: a successor must not give up another launch in its place. */
function nameless(
  { startedAtMs, made }: Ledger,
  index: number,
  launchedBy: string | null,
  atMs: number,
): Launch {
  return {
    id: `launch-${startedAtMs.toString(36)}-${made + index}`,
    named: false,
    launchedBy,
    zone: null,
    atMs,
  };
}

/** So many more were asked for, and which they will be is not known. */
export function asked(ledger: Ledger, count: number, launchedBy: string, nowMs: number): Ledger {
  const added = Array.from({ length: count }, (_, index) => nameless(ledger, index, launchedBy, nowMs));
  return { ...ledger, launches: [...ledger.launches, ...added], made: ledger.made + count };
}

/** These were launched, by their names. */
export function launchedAs(
  ledger: Ledger,
  instances: readonly { readonly id: string; readonly zone: string | null }[],
  operationId: string,
  nowMs: number,
): Ledger {
  const known = new Set(ledger.launches.map(({ id }) => id));
  const news = instances.filter(({ id }) => !known.has(id) && !ledger.firstSeenMs.has(id));
  return {
    ...ledger,
    launches: [
      ...ledger.launches,
      ...news.map(({ id, zone }) => ({ id, named: true, launchedBy: operationId, zone, atMs: nowMs })),
    ],
    launchedBy: new Map([
      ...ledger.launchedBy,
      ...instances.map(({ id }): [string, string] => [id, operationId]),
    ]),
  };
}

export function sent(ledger: Ledger, id: string, nowMs: number): Ledger {
  return { ...ledger, doubtful: new Map(ledger.doubtful).set(id, nowMs) };
}

/** The call had no effect. */
export function refused(ledger: Ledger, id: string): Ledger {
  const doubtful = new Map(ledger.doubtful);
  doubtful.delete(id);
  return { ...ledger, doubtful };
}

export function accepted(ledger: Ledger, id: string, nowMs: number): Ledger {
  return { ...refused(ledger, id), accepted: new Map(ledger.accepted).set(id, nowMs) };
}

export function launchOver(ledger: Ledger, id: string): Ledger {
  return {
    ...ledger,
    launches: ledger.launches.filter((each) => each.id !== id),
    ended: new Set(ledger.ended).add(id),
  };
}

export type Standing =
  | { readonly kind: 'listed' }
  | { readonly kind: 'launch'; readonly launch: Launch }
  /** It was here and is not any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'never' }
  /** What the group lists may be older than what was done; ask again after this time. */
  | { readonly kind: 'unclear'; readonly forMs: number };

/** What is known of a member. */
export function standing(ledger: Ledger, group: Group, id: string, nowMs: number): Standing {
  if (group.Instances.some(({ InstanceId }) => InstanceId === id)) return { kind: 'listed' };
  const launch = ledger.launches.find((each) => each.id === id);
  if (launch) return { kind: 'launch', launch };
  const firstSeenMs = ledger.firstSeenMs.get(id);
  if (firstSeenMs !== undefined) {
    const forMs = firstSeenMs + STALE_MS - nowMs;
    return forMs > 0 ? { kind: 'unclear', forMs } : { kind: 'gone' };
  }
  return ledger.ended.has(id) || ledger.launchedBy.has(id) ? { kind: 'gone' } : { kind: 'never' };
}

/** For how long a termination of this member must not be sent, since an earlier one may not show yet, ms. */
export function unsureForMs(ledger: Ledger, id: string, nowMs: number): number {
  const atMs = ledger.doubtful.get(id) ?? ledger.startedAtMs;
  return Math.max(0, atMs + STALE_MS - nowMs);
}

const LAUNCHING = /^Launching a new EC2 instance/;

/** Why a launch that is not listed does not come; undefined: nothing is known against it. */
export function launchFailure(
  { named, atMs }: Launch,
  activities: readonly Activity[],
): MemberFailure | undefined {
  if (named) return undefined;
  const last = activities.find(({ Description, StartTime, StatusCode }) => {
    const over = StatusCode === 'Failed' || StatusCode === 'Cancelled' || StatusCode === 'Successful';
    return over && LAUNCHING.test(Description ?? '') && StartTime.getTime() > atMs - 1000;
  });
  if (last?.StatusCode !== 'Failed') return undefined;
  const message = last.StatusMessage ?? last.Description ?? 'the launch failed';
  return { code: launchFailureCode(message), message };
}
