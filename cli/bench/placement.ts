import { capacityOf } from '@holdfast/media-server/capacity/machine-capacity.ts';
import { meetingShares } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { CapacityNode } from '@holdfast/media-server/capacity/node-room.ts';
import { type MeetingToPlace, Rooms } from '@holdfast/media-server/capacity/placement.ts';

export interface PlacementFlags {
  readonly nodes: number;
  readonly workers: number;
  readonly lost: number;
  readonly json: boolean;
}

/** What the numbers are held against. */
const TARGETS = { placementsPerSecond: 100_000, lostMs: 50 };
const ROUNDS = 20;

/** Fills an empty fleet with small meetings, one after the other; then places a lost node's meetings on half a fleet. */
export function runPlacement({ nodes, workers, lost, json }: PlacementFlags): number {
  const fleet = Array.from({ length: nodes }, (_, index) => emptyNode(`n${index}`, workers));
  const surroundings = { reservations: [], generation: 'g1', nowMs: 0 };
  const rates: number[] = [];
  const lostMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const rooms = new Rooms(fleet, surroundings);
    const meetings = meetingsOf(Math.min(20_000, nodes * workers * 5));
    const [placed, fillMs] = timed(() => meetings.filter((meeting) => rooms.place(meeting).placed).length);
    if (placed === 0) throw new Error('nothing was placed');
    rates.push((meetings.length / fillMs) * 1000);
    const [, ms] = timed(() => new Rooms(fleet, surroundings).placeAll(meetingsOf(lost)));
    lostMs.push(ms);
  }
  const result = {
    nodes,
    workers,
    placementsPerSecond: Math.round(median(rates)),
    lost,
    lostMs: Math.round(median(lostMs) * 10) / 10,
  };
  const good = result.placementsPerSecond >= TARGETS.placementsPerSecond && result.lostMs <= TARGETS.lostMs;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...result, targets: TARGETS, good })}\n`
      : `${nodes} nodes of ${workers} workers, one core
  placements a second    ${result.placementsPerSecond} (target: at least ${TARGETS.placementsPerSecond})
  ${lost} meetings together ${result.lostMs} ms (target: at most ${TARGETS.lostMs} ms)
${good ? 'good' : 'not good: a target is missed'}\n`,
  );
  return good ? 0 : 1;
}

function emptyNode(nodeId: string, workers: number): CapacityNode {
  return {
    nodeId,
    generation: 'g1',
    zone: null,
    state: 'open',
    machine: { ...capacityOf('local', workers), networkBps: 100e9 },
    workers: Array.from({ length: workers }, () => ({ cpu: 0, streams: 0 })),
    processCpu: 0,
    egressBps: 0,
    meetings: [],
  };
}

/** Of two to nine people, in turn. */
function meetingsOf(count: number): MeetingToPlace[] {
  return Array.from({ length: count }, (_, index) => ({
    meetingId: `m${index}`,
    shares: meetingShares({ participants: 2 + (index % 8) }),
  }));
}

function timed<T>(work: () => T): [T, number] {
  const fromMs = performance.now();
  const result = work();
  return [result, performance.now() - fromMs];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
