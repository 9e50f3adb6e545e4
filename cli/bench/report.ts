import type { Distribution } from '../observe/gaps.ts';
import { table } from '../observe/table.ts';
import type { EmptyingNumbers } from './emptying.ts';
import type { HandoverNumbers, IdleNumbers, RecoveryNumbers } from './handover.ts';
import { type Machine, number, type Target, target, targetTable } from './targets.ts';

export interface HandoverBench {
  machine: Machine;
  idle: IdleNumbers;
  handover: HandoverNumbers;
  emptying?: EmptyingNumbers;
  recovery?: RecoveryNumbers;
  /** With more people than the machine is meant for: information, no target. */
  crowd?: HandoverNumbers;
  targets: readonly Target[];
}

/** What the handover must keep, on two cores with 4 people in 2 meetings at 640x360; see docs/architecture.md. */
export function judge({
  idle,
  handover,
  emptying,
  recovery,
}: Pick<HandoverBench, 'idle' | 'handover' | 'emptying' | 'recovery'>): Target[] {
  return [
    target('extra gap p50, ms', handover.extraGapMs.p50, 33),
    target('extra gap p95, ms', handover.extraGapMs.p95, 67),
    target('extra gap max, ms', handover.extraGapMs.max, 150),
    target('frozen pictures', handover.freezes, 0),
    target('sound concealed after the switch p95, ms', handover.concealedMs.p95, 20),
    target('node empty max, ms', handover.emptyMs.max, 5000),
    target('node empty, one away: more at most, ms', emptying?.extraMs.oneAway, 1000),
    target('node empty, one behind a dead WebSocket: more at most, ms', emptying?.extraMs.oneSilent, 1000),
    target('killed to media p50, ms', recovery?.killedToMediaMs.p50, 1000),
    target('killed to media max, ms', recovery?.killedToMediaMs.max, 2000),
    target('idle media node, MB', idle.nodeRssMb.max, 150),
    target(
      'participants and streams lost',
      sum(handover.lost) + sum(emptying?.lost) + sum(recovery?.lost),
      0,
    ),
  ];
}

const sum = (lost: { participants: number; streams: number } | undefined) =>
  (lost?.participants ?? 0) + (lost?.streams ?? 0);

const spread = ({ p50, p95, max }: Distribution) => [number(p50), number(p95), number(max)];

export function renderBench({
  machine,
  handover,
  emptying,
  recovery,
  crowd,
  targets,
}: HandoverBench): string {
  const rowsOf = (title: string, numbers: HandoverNumbers) => [
    [`${title}: gap before, ms`, ...spread(numbers.steadyGapMs)],
    [`${title}: gap in the move, ms`, ...spread(numbers.handoverGapMs)],
    [`${title}: extra gap, ms`, ...spread(numbers.extraGapMs)],
    [`${title}: sound concealed, ms`, ...spread(numbers.concealedMs)],
    [`${title}: node empty, ms`, ...spread(numbers.emptyMs)],
    [`${title}: cores steady`, ...spread(numbers.cores.steady)],
    [`${title}: cores in the move`, ...spread(numbers.cores.move)],
  ];
  const rows = [
    ...rowsOf(`${handover.participants} people`, handover),
    ...(emptying
      ? [
          ['node empty, everybody there, ms', ...spread(emptying.everybodyThereMs)],
          ['node empty, one away, ms', ...spread(emptying.oneAwayMs)],
          ['node empty, one behind a dead WebSocket, ms', ...spread(emptying.oneSilentMs)],
          ['longest standstill, everybody there, ms', ...spread(emptying.standstillMs.everybodyThere)],
          ['longest standstill, one behind a dead WebSocket, ms', ...spread(emptying.standstillMs.oneSilent)],
        ]
      : []),
    ...(recovery ? [[`kill: picture back, ms`, ...spread(recovery.killedToMediaMs)]] : []),
    ...(crowd ? rowsOf(`${crowd.participants} people`, crowd) : []),
  ];
  return [
    '',
    `${machine.cores} cores (${machine.model}), Node ${machine.node}; ${handover.handovers} handovers, ${handover.streams} pictures`,
    '',
    ...table(['', 'p50', 'p95', 'max'], rows),
    '',
    ...targetTable(targets),
    '',
    ...handover.worst.map((line) => `  worst: ${line}`),
    '',
  ].join('\n');
}
