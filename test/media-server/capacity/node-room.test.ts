import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { type CapacityNode, isKnown, NodeRoom } from '@holdfast/media-server/capacity/node-room.ts';
import type { Reservation } from '@holdfast/media-server/capacity/reservations.ts';
import { describe, expect, it } from 'vitest';
import { capacityNode, held, machine } from './capacity-nodes.ts';

const nowMs = 1_000_000;
const roomOf = (node: CapacityNode, reservations: readonly Reservation[] = []) =>
  new NodeRoom(node, reservations, nowMs);
const reserved = (meetingId: string, streams: number, purpose: Reservation['purpose'] = 'expected') => ({
  meetingId,
  nodeId: 'a',
  purpose,
  shares: sharesOf(streams),
  madeAtMs: nowMs,
  keptUntilMs: nowMs + 1000,
  decays: false,
});
const freeOf = (room: NodeRoom) => room.workers.map(({ free }) => free);
const withCpu = (...cpus: (number | null)[]) =>
  capacityNode('a', [0], { workers: cpus.map((cpu) => ({ cpu, streams: 0 })) });

describe('what is as large as a whole worker', () => {
  it.each([400, 760])(
    '(%i streams) gets one that holds nothing, though its thread is never quite idle',
    (streams) => {
      expect(roomOf(withCpu(0.1)).fit(sharesOf(streams))).toHaveLength(1);
      // Somebody works on this one.
      expect(roomOf(withCpu(0.2)).fit(sharesOf(streams))).toBeUndefined();
      const inUse = capacityNode('a', [1], { workers: [{ cpu: 0.01, streams: 1 }] });
      expect(roomOf(inUse).fit(sharesOf(streams))).toBeUndefined();
    },
  );

  it('is the exception: anything smaller must find the room that is there', () => {
    expect(roomOf(withCpu(0.07)).fit(sharesOf(399))).toBeUndefined();
    expect(roomOf(withCpu(0.07)).fit(sharesOf(359))).toHaveLength(1);
  });

  it('shares its worker with no other share of the same meeting', () => {
    const two = [...sharesOf(400), ...sharesOf(400)];
    expect(roomOf(withCpu(0.1)).fit(two)).toBeUndefined();
    expect(roomOf(withCpu(0.1, 0.1)).fit(two)).toHaveLength(2);
  });
});

describe('the shares of a meeting', () => {
  it('find workers with the largest first, in whatever order they are named', () => {
    const room = roomOf(capacityNode('a', [0, 250]));
    for (const shares of [
      [...sharesOf(100), ...sharesOf(350)],
      [...sharesOf(350), ...sharesOf(100)],
    ]) {
      const workers = room.take(shares);
      expect(freeOf(room)).toEqual([50, 50]);
      room.giveBack(shares, workers);
      expect(freeOf(room)).toEqual([400, 150]);
    }
  });

  it('may share a worker when it has room for both', () => {
    const room = roomOf(capacityNode('a', [0]));
    expect(room.fit([...sharesOf(200), ...sharesOf(200)])).toHaveLength(2);
    expect(room.fit([...sharesOf(200), ...sharesOf(201)])).toBeUndefined();
    expect(room.fit([...sharesOf(150), ...sharesOf(150), ...sharesOf(101)])).toBeUndefined();
  });
});

it('a worker takes exactly what is left of it, however much it holds', () => {
  for (let streams = 1; streams < 400; streams += 1) {
    const room = roomOf(capacityNode('a', [streams], { machine: machine({ workers: 1, nodeStreams: 400 }) }));
    expect(room.fit(sharesOf(400 - streams))).toHaveLength(1);
    expect(room.fit(sharesOf(401 - streams))).toBeUndefined();
  }
});

describe('what is taken', () => {
  it('is used, on the worker and of what the machine shares, until it is given back', () => {
    const shared = machine({ workers: 2, nodeStreams: 500, networkBps: 180e6 });
    const room = roomOf(capacityNode('a', [0, 0], { machine: shared }));
    const workers = room.take(sharesOf(300));
    expect(room.workers).toEqual([
      { free: 100, used: 300 },
      { free: 400, used: 0 },
    ]);
    // Of 500 streams of the process 200 are left, of 144 Mbit/s 48.
    expect(room.lightest).toBe(200);
    expect(room.fit(sharesOf(150))).toHaveLength(1);
    expect(room.fit(sharesOf(151))).toBeUndefined();
    room.giveBack(sharesOf(300), workers);
    expect(room.workers).toEqual([
      { free: 400, used: 0 },
      { free: 400, used: 0 },
    ]);
    expect(room.fit(sharesOf(400))).toHaveLength(1);
  });

  it('counts also beyond what there is', () => {
    const room = roomOf(capacityNode('a', [350, 390]));
    const workers = room.take(sharesOf(100));
    expect(freeOf(room)).toEqual([-50, 10]);
    room.giveBack(sharesOf(100), workers);
    expect(freeOf(room)).toEqual([50, 10]);
  });

  it('is counted by streams where the network is not measured, over all meetings', () => {
    const slim = machine({ workers: 2, networkBps: 100e6 });
    const room = roomOf(capacityNode('a', [100, 100], { machine: slim }));
    expect(room.fit(sharesOf(50))).toHaveLength(1);
    expect(room.fit(sharesOf(51))).toBeUndefined();
  });
});

describe('free workers', () => {
  it('count in parts, and not at all when they are more than half full', () => {
    expect(roomOf(capacityNode('a', [200, 0])).freeWorkers).toBe(1.5);
    expect(roomOf(capacityNode('a', [201, 0])).freeWorkers).toBe(1);
  });

  it('are no more than network and process let be', () => {
    const slim = machine({ workers: 4, networkBps: 100e6 });
    expect(roomOf(capacityNode('a', [0, 0, 0, 0], { machine: slim })).freeWorkers).toBe(250 / 400);
    const thread = machine({ workers: 4, nodeStreams: 600 });
    expect(roomOf(capacityNode('a', [0, 0, 0, 0], { machine: thread })).freeWorkers).toBe(1.5);
  });
});

describe('a promise', () => {
  const node = capacityNode('a', [100, 50], { meetings: [held('big', 100, [0]), held('x', 50, [1])] });

  it('to a meeting that is here is kept on its own worker, as far as it does not use it', () => {
    expect(freeOf(roomOf(node, [reserved('big', 300)]))).toEqual([100, 350]);
    expect(freeOf(roomOf(node, [reserved('big', 100)]))).toEqual([300, 350]);
    expect(freeOf(roomOf(node, [reserved('big', 20)]))).toEqual([300, 350]);
  });

  it('to any other is kept on the lightest worker', () => {
    expect(freeOf(roomOf(node, [reserved('to-come', 40)]))).toEqual([300, 310]);
    const unplaced = capacityNode('a', [100, 50], { meetings: [held('big', 100)] });
    expect(freeOf(roomOf(unplaced, [reserved('big', 140)]))).toEqual([300, 310]);
  });

  it('of two kinds to one meeting is kept once, as the larger', () => {
    const both = [reserved('to-come', 40, 'expected'), reserved('to-come', 100, 'move')];
    expect(freeOf(roomOf(node, both))).toEqual([300, 250]);
    expect(freeOf(roomOf(node, both.toReversed()))).toEqual([300, 250]);
  });
});

it('a node is empty when it holds no meeting and nothing is promised', () => {
  expect(roomOf(capacityNode('a', [0])).empty).toBe(true);
  expect(roomOf(capacityNode('a', [0]), [reserved('to-come', 4)]).empty).toBe(false);
  // One person alone receives nothing.
  expect(roomOf(capacityNode('a', [0], { meetings: [held('alone', 0)] })).empty).toBe(false);
});

it('a node is known when it has workers and all of it is known', () => {
  expect(isKnown(withCpu(0, 0.5))).toBe(true);
  expect(isKnown(withCpu(0, null))).toBe(false);
  expect(isKnown(capacityNode('a', []))).toBe(false);
  expect(isKnown(capacityNode('a', [0], { processCpu: null }))).toBe(false);
});
