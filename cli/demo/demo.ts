import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import { distribution } from '../observe/gaps.ts';
import type { Gathering, GatheringOptions, Recovery } from '../observe/gathering.ts';
import { type Losses, type MeasuredStream, measureMove } from '../observe/measure.ts';
import { nowMs } from '../observe/participants.ts';
import type { DemoReport } from './report.ts';
import { withAbort } from './with-abort.ts';

const MOVE_LIMIT_MS = 60_000;

export interface ScaleIn {
  readonly node: NodeView;
  readonly evacuationMs: number;
  readonly releasedMs: number;
  readonly streams: readonly MeasuredStream[];
  readonly losses: Losses;
  /** What was not as it should be, beside losses. */
  readonly complaints: readonly string[];
}

/** The cloud wants the busiest node back. Resolves when its process has ended and the move is measured. */
export async function scaleIn(
  gathering: Gathering,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<ScaleIn> {
  const steady = await gathering.steady();
  const node = await gathering.busiestNode();
  const total = node.meetings.length;
  const complaints: string[] = [];
  const onCrash = ({ name, logFile }: { name: string; logFile: string }) => {
    complaints.push(`${name} crashed; see ${logFile}`);
  };
  gathering.platform.on('crash', onCrash);
  const startedMs = Date.now();
  const fromMs = nowMs();
  const termination = gathering.platform.cloud.terminate(node.nodeId, {
    kind: 'scale-in',
    timeoutMs: MOVE_LIMIT_MS,
  });
  await gathering.api.waitForNodes(
    `${node.nodeId} gives up its meetings`,
    (nodes) => {
      const left = nodes.find(({ nodeId }) => nodeId === node.nodeId)?.meetings.length ?? 0;
      progress(`${total - left} of ${total} meetings moved`);
      return left === 0;
    },
    { limitMs: MOVE_LIMIT_MS, signal },
  );
  const evacuationMs = Date.now() - startedMs;
  const { how, atMs } = await withAbort(termination.ended, signal);
  if (how !== 'completed')
    complaints.push(`the notice was not completed but ${how}, after ${atMs - startedMs} ms`);
  await withAbort(termination.gone, signal);
  const releasedMs = Date.now() - startedMs;
  gathering.platform.off('crash', onCrash);
  const move = await gathering.settle(fromMs);
  const screens = await gathering.screens(steady.fromMs - 1000);
  return {
    node,
    evacuationMs,
    releasedMs,
    streams: measureMove(screens, new Set(node.meetings.map(({ meetingId }) => meetingId)), steady, move),
    losses: await gathering.losses(),
    complaints,
  };
}

/** One more machine, so that somebody stands by. */
export async function standBy(gathering: Gathering): Promise<void> {
  await gathering.platform.driver.grow({ to: 2, operationId: 'demo-stand-by' });
  await gathering.nodesReady(2);
}

export function reportOf(options: GatheringOptions, move: ScaleIn, recovery: Recovery): DemoReport {
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
  };
}
