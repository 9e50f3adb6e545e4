import { table } from '../observe/table.ts';
import { total } from './abuse/attack.ts';
import type { AbuseNumbers } from './abuse.ts';
import { worstOf } from './gap-watch.ts';
import type { Memory } from './platform-watch.ts';
import type { Judged } from './single-bench.ts';
import { number, type Target, target, targetTable, verdict } from './targets.ts';

/** What two people must not notice, and everybody else must still be able to do. */
export function judgeAbuse(numbers: AbuseNumbers): Target[] {
  const { losses, people, lost, joinsMeanwhile, joinsAfter, memoryMb } = numbers;
  return [
    target('messages not sent', Math.max(0, numbers.messages - total(numbers.tally.sent)), 0),
    target('nodes lost', losses.nodes.length, 0),
    target('workers lost', losses.workers, 0),
    target('processes started again', losses.restarts.length, 0),
    target('worst gap at the screens, ms', Math.max(worstOf(people.apart), worstOf(people.together)), 250),
    target('people and streams lost', lost.participants + lost.streams, 0),
    target('joins elsewhere that failed meanwhile', joinsMeanwhile.failed.length, 0),
    target('joins anywhere that failed afterwards', joinsAfter.failed.length, 0),
    target('memory kept after the quiet, MB', mostGrowth(memoryMb.before, memoryMb.after), 50),
  ];
}

/** Of all processes, the largest growth, MB; a process that is new has grown from nothing. Null: not known. */
export function mostGrowth(before: Memory, after: Memory): number | null {
  const growths = Object.entries(after).map(([name, mb]) => mb - (before[name] ?? 0));
  return growths.length === 0 ? null : Math.max(...growths);
}

export function renderAbuse(bench: Judged<AbuseNumbers>): string {
  const { machine, tally, people, memoryMb, joinsMeanwhile, joinsAfter, losses } = bench;
  const seconds = Math.round(bench.attackMs / 1000);
  const sent = total(tally.sent);
  return [
    '',
    `${machine.cores} cores (${machine.model}), Node ${machine.node}; seed ${bench.seed}: ${sent} messages in ${seconds} s (${Math.round(sent / seconds)} a second), ${bench.connections} connections without a login`,
    '',
    ...table(['messages', 'sent'], rowsOf(tally.sent)),
    '',
    ...table(['answers to the participant', ''], rowsOf(tally.answers)),
    '',
    ...table(['connections without a login', ''], rowsOf(tally.connections)),
    '',
    ...table(['joins of the participant', ''], rowsOf(tally.joins)),
    '',
    ...table(['POST /v1/join answered', ''], rowsOf(tally.rest)),
    '',
    ...table(
      ['picture: worst gap, ms', 'before', 'participant elsewhere', 'participant here'],
      Object.entries(people.together.byPicture).map(([picture, gapMs]) => [
        picture,
        number(people.steady.byPicture[picture] ?? null),
        number(people.apart.byPicture[picture] ?? null),
        number(gapMs),
      ]),
    ),
    '',
    ...table(
      ['memory, MB', 'before', 'at the end', 'after the quiet'],
      Object.entries(memoryMb.after).map(([name, mb]) => [
        name,
        number(memoryMb.before[name] ?? null),
        number(memoryMb.at[name] ?? null),
        number(mb),
      ]),
    ),
    '',
    `  control plane silent for at most ${losses.silentMs} ms; slowest join elsewhere ${joinsMeanwhile.slowestMs} ms of ${joinsMeanwhile.tried}; ${joinsAfter.tried} joins afterwards; ${bench.recoveries} recoveries of the people's meeting`,
    `  longest gaps: participant elsewhere: ${people.apart.longest}; here: ${people.together.longest}`,
    ...[
      ...losses.nodes.map((node) => `node lost: ${node}`),
      ...losses.restarts.map((name) => `started again: ${name}`),
    ].map((line) => `  ${line}`),
    ...[...joinsMeanwhile.failed, ...joinsAfter.failed].map((line) => `  join failed: ${line}`),
    '',
    ...targetTable(bench.targets),
    '',
    verdict(bench.targets),
    '',
  ].join('\n');
}

const rowsOf = (counted: Readonly<Record<string, number>>) =>
  Object.entries(counted)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => [name, String(count)]);
