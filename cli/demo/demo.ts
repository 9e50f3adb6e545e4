import type { CloudEvent } from '@holdfast/lifecycle-hooks/clouds/local/local-cloud.ts';
import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import { distribution } from '../observe/gaps.ts';
import type { Gathering, GatheringOptions, Recovery } from '../observe/gathering.ts';
import { type Losses, type MeasuredStream, measureMove } from '../observe/measure.ts';
import { nowMs } from '../observe/participants.ts';
import type { Arc } from './arc.ts';
import type { DemoReport } from './report.ts';
import type { ScalingAction } from './scaling-record.ts';
import type { Visitors } from './visitors.ts';

const MOVE_LIMIT_MS = 60_000;
/** From when people have left until a machine is being emptied. */
const SURPLUS_LIMIT_MS = 60_000;

export interface ScaleIn {
  readonly node: NodeView;
  readonly evacuationMs: number;
  readonly releasedMs: number;
  readonly streams: readonly MeasuredStream[];
  readonly losses: Losses;
  /** What was not as it should be, beside losses. */
  readonly complaints: readonly string[];
}

/** The first people are there, and a machine is launched for those who come next. @returns why it was */
export async function growth(gathering: Gathering, visitors: Visitors, arc: Arc): Promise<string> {
  await visitors.arrive(gathering.platform, arc.visitors);
  await gathering.nodesReady(2);
  const launch = (await gathering.api.decisions()).find(({ decision }) => decision.type === 'grow');
  if (!launch) throw new Error('a machine came that nobody had decided to launch');
  return launch.decision.reason;
}

/** The visitors leave, and the autoscaler gives a machine back. Resolves when its process has ended and the move is measured. */
export async function scaleIn(
  gathering: Gathering,
  visitors: Visitors,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<ScaleIn> {
  const { platform, api } = gathering;
  const complaints: string[] = [];
  const onCrash = ({ name, logFile }: { name: string; logFile: string }) => {
    complaints.push(`${name} crashed; see ${logFile}`);
  };
  const onEvent = (event: CloudEvent) => {
    if (event.type === 'notice-ended' && event.how !== 'completed')
      complaints.push(`${event.memberId}: the notice was not completed but ${event.how}`);
  };
  const steady = await gathering.steady();
  const fromMs = nowMs();
  platform.on('crash', onCrash);
  platform.cloud.on('event', onEvent);
  await visitors.leave();
  const { node, startedMs } = await untilVictim(gathering, signal);
  const total = node.meetings.length;
  await api.waitForNodes(
    `${node.nodeId} gives up its meetings`,
    (nodes) => {
      const left = nodes.find(({ nodeId }) => nodeId === node.nodeId)?.meetings.length ?? 0;
      progress(`${total - left} of ${total} meetings moved`);
      return left === 0;
    },
    { limitMs: MOVE_LIMIT_MS, signal },
  );
  const evacuationMs = Date.now() - startedMs;
  await platform.cloud.until(({ members }) => members.every(({ id }) => id !== node.nodeId), signal);
  const releasedMs = Date.now() - startedMs;
  platform.cloud.off('event', onEvent);
  platform.off('crash', onCrash);
  const move = await gathering.settle(fromMs);
  const screens = await gathering.screens(steady.fromMs);
  return {
    node,
    evacuationMs,
    releasedMs,
    streams: measureMove(screens, new Set(node.meetings.map(({ meetingId }) => meetingId)), steady, move),
    losses: await gathering.losses(),
    complaints,
  };
}

/** Waits until the autoscaler empties a node. Resolves with the node as it was before, and when that began. */
async function untilVictim(
  { api }: Gathering,
  signal: AbortSignal,
): Promise<{ readonly node: NodeView; readonly startedMs: number }> {
  let before: readonly NodeView[] = [];
  const isVictim = ({ drain }: NodeView) => drain.state !== 'active';
  const nodes = await api.waitForNodes(
    'the surplus node is emptied',
    (now) => {
      if (now.some(isVictim)) return true;
      before = now;
      return false;
    },
    { limitMs: SURPLUS_LIMIT_MS, signal },
  );
  const victim = nodes.find(isVictim);
  const node = before.find(({ nodeId }) => nodeId === victim?.nodeId);
  if (!victim || !node) throw new Error('a node was being emptied before anybody had left');
  return { node, startedMs: victim.drain.sinceMs ?? Date.now() };
}

/** The group is to have two machines from now on, so that somebody stands by; the autoscaler launches the second. */
export async function standBy(gathering: Gathering): Promise<void> {
  gathering.platform.cloud.limit(2);
  await gathering.nodesReady(2);
}

export function reportOf(
  options: GatheringOptions,
  move: ScaleIn,
  recovery: Recovery,
  scaling: readonly ScalingAction[],
): DemoReport {
  const back = distribution(recovery.timesMs.map((time) => Math.round(time)));
  // What never came back has no time; it is counted as lost.
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);
  const lost = [
    move.losses.participants,
    move.losses.streams,
    recovery.losses.participants,
    recovery.losses.streams,
  ];
  return {
    ok: lost.every((count) => count === 0) && move.complaints.length === 0,
    participants: options.participants,
    meetings: options.meetings,
    evacuationMs: move.evacuationMs,
    releasedMs: move.releasedMs,
    streams: move.streams.map(({ worst: _worst, ...stream }) => stream),
    lost: { participants: move.losses.participants, streams: move.losses.streams },
    recovery: {
      killedToMediaMs: { p50: finite(back.p50), max: finite(back.max) },
      participants: options.participants,
      lost: recovery.losses.affected,
    },
    scaling: [...scaling],
  };
}
