import { meetingLoad, stressOf } from '@holdfast/media-server/media-node/load.ts';
import { describe, expect, it } from 'vitest';

const worker = (cpu: number | null, consumers = 0) => ({
  cpu,
  consumers,
  packetsPerSecond: null,
  meetings: 0,
});

describe('the stress of a node', () => {
  it('is the worst of its measures against their targets', () => {
    expect(stressOf({ processCpu: 0.07, workers: [worker(0.35), worker(0.1)] })).toBeCloseTo(0.5);
    expect(stressOf({ processCpu: 0.7, workers: [worker(0.1)] })).toBeCloseTo(1);
    expect(stressOf({ processCpu: 0, workers: [worker(0, 800)] })).toBeCloseTo(2);
  });
  it('is unknown, not zero, when a measure is missing', () => {
    expect(stressOf({ processCpu: null, workers: [worker(0.1)] })).toBeNull();
    expect(stressOf({ processCpu: 0.1, workers: [worker(0.1), worker(null)] })).toBeNull();
    expect(stressOf({ processCpu: 0.1, workers: [] })).toBeNull();
  });
});

describe('the load of a meeting', () => {
  it('counts streams, not heads', () => {
    expect(meetingLoad(0, 20, 1)).toBeCloseTo((20 * 19 * 2) / 400);
  });
  it('counts those who have only just come, who receive nothing yet', () => {
    expect(meetingLoad(2, 4, 1)).toBe(meetingLoad(24, 4, 1));
  });
});
