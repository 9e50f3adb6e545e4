import {
  type Health,
  type HealthEvent,
  healthAfter,
  initialHealth,
  isHealthy,
} from '@holdfast/media-server/turn-server/health.ts';
import { describe, expect, it } from 'vitest';

const ok: HealthEvent = { type: 'allocated', tookMs: 3 };
const failed: HealthEvent = { type: 'failed', why: 'no answer' };
const died: HealthEvent = { type: 'server-ended', why: 'coturn has ended' };
const started: HealthEvent = { type: 'server-started' };
const after = (...events: HealthEvent[]): Health => events.reduce(healthAfter, initialHealth);

describe('the health of a TURN server', () => {
  it.each<[string, HealthEvent[], Health['state'], boolean]>([
    ['is unknown until an allocation was had', [started], 'unknown', false],
    ['stays unknown while it cannot be had', [started, failed, failed], 'unknown', false],
    ['is well after an allocation', [started, ok], 'well', true],
    ['is doubtful after one failure, and people are still sent there', [ok, failed], 'doubtful', true],
    ['is ill after two', [ok, failed, failed], 'ill', false],
    ['is well again after an allocation', [ok, failed, failed, ok], 'well', true],
    ['is ill at once when the process has ended', [ok, died], 'ill', false],
    [
      'stays ill when it is started again, until an allocation was had',
      [ok, died, started, failed],
      'ill',
      false,
    ],
    ['recovers', [ok, died, started, ok], 'well', true],
  ])('%s', (_, events, state, healthy) => {
    const health = after(...events);
    expect(health.state).toBe(state);
    expect(isHealthy(health)).toBe(healthy);
  });

  it('says why it is not well, and nothing when it is', () => {
    expect(after(ok, failed).why).toBe('no answer');
    expect(after(ok, died, started).why).toBe('it is starting again');
    expect(after(failed, ok).why).toBeUndefined();
  });
});
