import { beforeEach, describe, expect, it } from 'vitest';
import type { DecisionList, ScalingSample } from '../../media-server/protocol/rest.ts';
import { Api } from '../../media-server/web/lib/api.ts';
import { ScalingStore } from '../../media-server/web/lib/scaling-store.ts';

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

let nowMs: number;
let samples: ScalingSample[];
let asked: string[];
let failure: Response | undefined;
let store: ScalingStore;

const sampleAt = (atMs: number): ScalingSample => ({
  atMs,
  capacityWorkers: 1,
  usedWorkers: 0,
  freeWorkers: 1,
  wanted: 1,
  askingMeetings: 0,
  meetings: 0,
  participants: 0,
});

beforeEach(() => {
  nowMs = 10 * HOUR_MS;
  samples = [sampleAt(nowMs - 1000)];
  asked = [];
  failure = undefined;
  const api = new Api(async (path) => {
    if (failure) return failure.clone();
    asked.push(path);
    const sinceMs = Number(new URL(path, 'http://test').searchParams.get('samplesSinceMs'));
    const newer = samples.filter(({ atMs }) => atMs > sinceMs);
    const answer: DecisionList = { nowMs, leader: 'a', decisions: [], samples: newer, machines: [] };
    return Response.json(answer);
  });
  store = new ScalingStore(api, 'secret');
});

describe('ScalingStore', () => {
  it('asks for new samples only, and keeps those it has for an hour', async () => {
    await store.look(signal);
    nowMs += HOUR_MS / 2;
    samples.push(sampleAt(nowMs));
    await store.look(signal);
    expect(asked[1]).toContain(`samplesSinceMs=${samples[0]?.atMs}`);
    expect(store.view.known?.samples).toEqual(samples);
    nowMs += HOUR_MS / 2;
    await store.look(signal);
    expect(store.view.known?.samples).toEqual(samples.slice(1));
  });

  it('keeps what it knew when the control plane does not answer', async () => {
    await store.look(signal);
    failure = new Response('', { status: 502 });
    await store.look(signal);
    expect(store.view.problem).toContain('502');
    expect(store.view.known?.leader).toBe('a');
    failure = undefined;
    await store.look(signal);
    expect(store.view.problem).toBeUndefined();
  });
});
