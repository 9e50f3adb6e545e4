import { setTimeout as delay } from 'node:timers/promises';
import type { Gathering } from '../observe/gathering.ts';
import { workerPids } from '../observe/process-tree.ts';
import { ProtocolParticipant } from '../observe/protocol-participant.ts';
import { runningNodes } from './platform-watch.ts';

export interface JoinsTried {
  readonly tried: number;
  /** Those that failed, in words. */
  readonly failed: readonly string[];
}

const OFFERED_LIMIT_MS = 5000;
const DRAIN_LIMIT_MS = 30_000;

/**
 * Joins the people's meetings and new meetings on every node, as many as it has workers and more: each joins, publishes
 * and is offered what others publish.
 */
export async function joinEverywhere(gathering: Gathering, signal: AbortSignal): Promise<JoinsTried> {
  const { platform } = gathering;
  const failed: string[] = [];
  let tried = 0;
  const attempt = async (what: string, join: () => Promise<void>) => {
    signal.throwIfAborted();
    tried += 1;
    await join().catch((error: unknown) => {
      failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  for (const meeting of new Set(gathering.people.map((person) => person.meeting))) {
    const others = gathering.people.filter((person) => person.meeting === meeting).length;
    await attempt(meeting, () => joinAsNewcomer(platform.baseUrl, meeting, 2 * others));
  }
  const nodes = runningNodes(platform);
  for (const { nodeId, pid } of nodes) {
    const meetings = 2 * Math.max(1, workerPids(pid).length);
    try {
      await onlyOn(gathering, nodeId, signal, async () => {
        for (let index = 1; index <= meetings; index += 1) {
          const meeting = `after-${nodeId}-${index}`;
          await attempt(`${meeting} on ${nodeId}`, () => meetAnew(platform.baseUrl, meeting, nodeId));
        }
      });
    } catch (error) {
      signal.throwIfAborted();
      failed.push(`on ${nodeId}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { tried, failed };
}

/** Where all other nodes are being emptied, a new meeting can only be on this one. */
async function onlyOn(
  { platform, api }: Gathering,
  nodeId: string,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  const others = runningNodes(platform).filter((other) => other.nodeId !== nodeId);
  try {
    for (const other of others) await api.drain(other.nodeId, 'bench');
    await api.waitForNodes(
      `all but ${nodeId} are drained`,
      (views) =>
        others.every(
          (other) => views.find((view) => view.nodeId === other.nodeId)?.drain.state === 'drained',
        ),
      { limitMs: DRAIN_LIMIT_MS, signal },
    );
    await run();
  } finally {
    for (const other of others) await api.cancelDrain(other.nodeId);
  }
  await api.waitForNodes(
    'all nodes take meetings again',
    (views) =>
      views.filter(({ reachable, drain }) => reachable && drain.state === 'active').length > others.length,
    { limitMs: 30_000, signal },
  );
}

/** Joins a meeting in which `streams` streams are published already. */
export async function joinAsNewcomer(baseUrl: string, meeting: string, streams: number): Promise<void> {
  const newcomer = await ProtocolParticipant.join(baseUrl, meeting, 'Newcomer');
  try {
    await newcomer.publish();
    await offered(newcomer, streams);
    await newcomer.leave();
  } finally {
    newcomer.close();
  }
}

async function meetAnew(baseUrl: string, meeting: string, nodeId: string): Promise<void> {
  const first = await ProtocolParticipant.join(baseUrl, meeting, 'First');
  try {
    if (first.leg.nodeId !== nodeId) throw new Error(`it is on ${first.leg.nodeId}`);
    await first.publish();
    await joinAsNewcomer(baseUrl, meeting, 1);
    await first.leave();
  } finally {
    first.close();
  }
}

async function offered(participant: ProtocolParticipant, streams: number): Promise<void> {
  const deadlineMs = performance.now() + OFFERED_LIMIT_MS;
  while (participant.consumers.length < streams) {
    if (performance.now() > deadlineMs) {
      throw new Error(`${participant.consumers.length} of ${streams} streams are offered`);
    }
    await delay(50);
  }
}
