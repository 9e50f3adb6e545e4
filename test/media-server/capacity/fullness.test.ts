import { fullness } from '@holdfast/media-server/capacity/node-room.ts';
import { describe, expect, it } from 'vitest';
import { oneWorker } from '../node-facts.ts';

const full = (
  processCpu: number | null,
  workers: [cpu: number | null, streams?: number][],
  egressBps: number | null = 0,
) =>
  fullness({
    machine: { ...oneWorker, workers: workers.length, networkBps: 1e9 },
    processCpu,
    egressBps,
    workers: workers.map(([cpu, streams = 0]) => ({ cpu, streams })),
  });

describe('how full a node is', () => {
  it('is how full its workers are together, by CPU or by streams, whichever is more', () => {
    expect(full(0, [[0.35]])).toBeCloseTo(0.5);
    expect(full(0, [[0, 800]])).toBeCloseTo(2);
    expect(full(0, [[0.35, 800]])).toBeCloseTo(2);
    // One full worker of sixteen is a sixteenth: the others are open.
    expect(full(0, [[0.7], ...Array.from({ length: 15 }, (): [number] => [0])])).toBeCloseTo(1 / 16);
  });

  it('is no less than how full that is what the workers share', () => {
    expect(full(0.7, [[0.07], [0]])).toBeCloseTo(1);
    expect(full(0, [[0]], 0.8e9)).toBeCloseTo(1);
    // Node's own thread serves 10,000 streams; here twice 4000 of them, over workers that each carry more than that.
    expect(
      fullness({
        machine: { workers: 2, workerStreams: 40_000, nodeStreams: 10_000, networkBps: 100e9 },
        processCpu: 0,
        egressBps: 0,
        workers: [4000, 4000].map((streams) => ({ cpu: 0, streams })),
      }),
    ).toBeCloseTo(0.8);
  });

  it('counts what is sent by streams where it is not measured', () => {
    expect(full(0, [[0, 800], ...Array.from({ length: 15 }, (): [number] => [0])], null)).toBeCloseTo(
      (800 * 320_000) / 0.8e9,
    );
  });

  it('is unknown, not zero, when a measure is missing', () => {
    expect(full(null, [[0.1]])).toBeNull();
    expect(full(0.1, [[0.1], [null]])).toBeNull();
    expect(full(0.1, [])).toBeNull();
  });
});
