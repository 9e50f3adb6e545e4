import { z } from 'zod';
import type { Notice } from '../types.ts';
import type { Reading, Readings } from './metadata-reading.ts';
import type { TerminationRecord } from './termination-memory.ts';

const spotAction = z.object({
  action: z.enum(['terminate', 'stop', 'hibernate']),
  time: z.iso.datetime({ offset: true }).transform(Date.parse),
});
const rebalance = z.object({ noticeTime: z.string() });
/** "21 Jan 2027 09:00:43 GMT". */
const maintenanceTime = z
  .string()
  .transform((value) => Date.parse(value))
  .refine((value) => !Number.isNaN(value), 'is no time');
const maintenance = z.array(
  z.object({
    EventId: z.string(),
    Code: z.string(),
    NotBefore: maintenanceTime,
    State: z.string(),
    Description: z.string().optional(),
  }),
);

export interface Situation {
  readonly instanceId: string;
  readonly nowMs: number;
  /** What is known of the termination, once the metadata has spoken of one. */
  readonly termination: TerminationRecord | undefined;
  /** What the hook gives each time, ms. */
  readonly heartbeatTimeoutMs: number;
  /** This long before a maintenance its notice becomes an order, ms. */
  readonly maintenanceLeadMs: number;
}

export interface Heard {
  /** Everything that the metadata speaks of, and what it has stopped speaking of. */
  readonly notices: readonly Notice[];
  /** What cannot be read, in words. */
  readonly unreadable: readonly string[];
}

/** What the metadata says, as notices. `known`: what it has said before. */
export function heard(known: readonly Notice[], readings: Readings, situation: Situation): Heard {
  const unreadable: string[] = [];
  const read = <T>(of: Reading, schema: z.ZodType<T>): T | undefined => {
    if (of.kind !== 'said') return undefined;
    const parsed = schema.safeParse(parsedJson(of.text));
    if (!parsed.success) unreadable.push(of.text.slice(0, 500));
    return parsed.data;
  };
  const notices = [
    ...terminations(known, readings.lifecycle, situation),
    ...interruptions(read(readings.spot, spotAction), situation),
    ...recommendations(read(readings.rebalance, rebalance), situation),
    ...maintenances(
      known,
      readings.maintenance.kind === 'nothing' ? [] : read(readings.maintenance, maintenance),
      situation,
    ),
  ];
  return { notices, unreadable };
}

export function terminationId(instanceId: string): string {
  return `aws:termination:${instanceId}`;
}

/** Only the state itself takes the word back; that nothing is said, or no answer comes, does not. */
function terminations(known: readonly Notice[], state: Reading, situation: Situation): Notice[] {
  if (state.kind !== 'said') return [];
  const target = state.text.trim();
  const id = terminationId(situation.instanceId);
  if (target === 'Terminated') return [terminationNotice(situation)];
  const before = known.find((notice) => notice.id === id);
  return target === 'InService' && before ? [withdrawn(before)] : [];
}

export function terminationNotice(
  situation: Pick<Situation, 'instanceId' | 'nowMs' | 'termination' | 'heartbeatTimeoutMs'>,
): Notice {
  const { instanceId, nowMs, termination, heartbeatTimeoutMs } = situation;
  const { deadlineMs, limitMs } = termination ?? {};
  // The metadata does not tell when the hook began to wait: not before the last time that it said nothing.
  const assumedAtMs =
    termination?.quietUntilMs === undefined
      ? (termination?.heardAtMs ?? nowMs)
      : termination.quietUntilMs + heartbeatTimeoutMs;
  return {
    ...about(instanceId),
    id: terminationId(instanceId),
    kind: 'scale-in',
    urgency: 'order',
    source: 'imds:autoscaling/target-lifecycle-state',
    deadline:
      deadlineMs === undefined ? { kind: 'unknown', assumedAtMs } : { kind: 'known', atMs: deadlineMs },
    canExtend: deadlineMs === undefined || deadlineMs < (limitMs ?? Infinity),
    canComplete: true,
  };
}

function interruptions(said: z.output<typeof spotAction> | undefined, { instanceId }: Situation): Notice[] {
  if (!said) return [];
  return [
    {
      ...about(instanceId),
      id: `aws:spot:${instanceId}:${said.time}`,
      kind: 'spot',
      urgency: 'order',
      source: 'imds:spot/instance-action',
      deadline: { kind: 'known', atMs: said.time },
    },
  ];
}

function recommendations(said: z.output<typeof rebalance> | undefined, { instanceId }: Situation): Notice[] {
  if (!said) return [];
  return [
    {
      ...about(instanceId),
      id: `aws:rebalance:${instanceId}:${said.noticeTime}`,
      kind: 'spot',
      urgency: 'advice',
      source: 'imds:events/recommendations/rebalance',
      deadline: { kind: 'unlimited' },
    },
  ];
}

/** Days ahead it is advice, for those who see the whole fleet; shortly before, the node must be empty. */
function maintenances(
  known: readonly Notice[],
  said: z.output<typeof maintenance> | undefined,
  { instanceId, nowMs, maintenanceLeadMs }: Situation,
): Notice[] {
  if (!said) return [];
  const active = said.filter(({ State }) => State === 'active');
  const pending = active.map(
    ({ EventId, Code, NotBefore }): Notice => ({
      ...about(instanceId),
      id: `aws:maintenance:${EventId}`,
      kind: 'maintenance',
      urgency: nowMs >= NotBefore - maintenanceLeadMs ? 'order' : 'advice',
      source: `imds:events/maintenance/scheduled (${Code})`,
      deadline: { kind: 'known', atMs: NotBefore },
    }),
  );
  const over = known.filter(
    ({ id, kind }) => kind === 'maintenance' && !pending.some((notice) => notice.id === id),
  );
  return [...pending, ...over.map(withdrawn)];
}

function about(instanceId: string) {
  return {
    nodeId: instanceId,
    status: 'pending',
    canExtend: false,
    canComplete: false,
    coupledNodeIds: [],
  } as const;
}

function withdrawn(notice: Notice): Notice {
  return { ...notice, status: 'withdrawn', canExtend: false, canComplete: false };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
