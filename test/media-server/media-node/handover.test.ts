import { EventEmitter } from 'node:events';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { mediaNodeConfig } from '@holdfast/media-server/config/index.ts';
import {
  Handover,
  type HandoverOutcome,
  type HandoverRunOptions,
  type MovingMeeting,
} from '@holdfast/media-server/media-node/handover.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { AskRegistry } from '@holdfast/media-server/registration/registry-link.ts';
import { describe, expect, it } from 'vitest';
import { ManualClock, settle } from '../process/manual-clock.ts';

const log = createLogger('test');
log.level = 'silent';
const { handover: timing } = mediaNodeConfig.parse({
  role: 'media-node',
  drainSocket: '/nowhere',
  controlPlane: { urls: ['ws://127.0.0.1:1/internal/nodes'] },
});

/** A meeting without people. */
class EmptyMeeting extends EventEmitter<{ changed: []; closed: [] }> implements MovingMeeting {
  readonly id = 'm';
  readonly epoch = 3;
  readonly closed = false;
  readonly shares = sharesOf(4);
  readonly participants = [];
  readonly legs = new Map<string, never>();
  readonly roles: string[] = [];
  setRole(role: string): void {
    this.roles.push(role);
  }
}

function handover(ask: AskRegistry, options: HandoverRunOptions = {}) {
  const clock = new ManualClock();
  const meeting = new EmptyMeeting();
  const secrets = { HOLDFAST_CLUSTER_TOKEN: 'a-cluster-token-for-tests' };
  const context = { nodeId: 'a', secrets, timing, workers: () => 1, ask, log, clock };
  let outcome: HandoverOutcome | undefined;
  const done = new Handover(meeting, context).run(options).then((known) => {
    outcome = known;
  });
  return { clock, meeting, done, outcome: () => outcome };
}
const never = () => new Promise<never>(() => {});

describe('carrying out a handover', () => {
  it('with a control plane that never answers ends when the time for its answers is over', async () => {
    const { clock, outcome } = handover(never);
    await clock.advance(7900);
    expect(outcome()).toBeUndefined();
    await clock.advance(200);
    expect(outcome()).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' }, target: undefined });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends at once when the process stops, and nothing stays open', async () => {
    const abort = new AbortController();
    const { clock, meeting, outcome } = handover(never, { signal: abort.signal });
    await clock.advance(100);
    abort.abort();
    await settle();
    expect(outcome()).toMatchObject({ type: 'failed', error: { code: 'CONNECTION_CLOSED' } });
    expect(clock.pendingTimers).toBe(0);
    expect(meeting.eventNames()).toEqual([]);
  });

  it('does not begin when the process has stopped', async () => {
    const { outcome } = handover(never, { signal: AbortSignal.abort() });
    await settle();
    expect(outcome()).toMatchObject({ type: 'failed', error: { code: 'CONNECTION_CLOSED' } });
  });

  it('passes on when to ask again where there is no room', async () => {
    const noRoom = async () => {
      throw new HoldfastError('NO_CAPACITY', 'full', { retryAfterMs: 700 });
    };
    const { done, outcome, meeting } = handover(noRoom);
    await done;
    expect(outcome()).toMatchObject({ type: 'failed', error: { code: 'NO_CAPACITY', retryAfterMs: 700 } });
    expect(meeting.roles).toEqual(['home']);
  });

  it('is over when the meeting is closed', async () => {
    const { meeting, done, outcome } = handover(never);
    meeting.emit('closed');
    await done;
    expect(outcome()).toEqual({ type: 'gone' });
  });
});
