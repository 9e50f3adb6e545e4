import { fullness } from '@holdfast/media-server/capacity/node-room.ts';
import { describe, expect, it } from 'vitest';
import { oneWorker } from '../node-facts.ts';

const full = (processCpu: number | null, workers: [cpu: number | null, streams?: number][], egressBps = 0) =>
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
  });

  it('is unknown, not zero, when a measure is missing', () => {
    expect(full(null, [[0.1]])).toBeNull();
    expect(full(0.1, [[0.1], [null]])).toBeNull();
    expect(full(0.1, [])).toBeNull();
  });
});
