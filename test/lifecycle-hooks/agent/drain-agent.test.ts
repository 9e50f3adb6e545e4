import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentMetrics } from '@holdfast/lifecycle-hooks/agent/agent-metrics.ts';
import { DrainAgent } from '@holdfast/lifecycle-hooks/agent/drain-agent.ts';
import { type NodeAnswer, SocketNodeClient } from '@holdfast/lifecycle-hooks/agent/node-client.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../media-server/process/manual-clock.ts';
import { FakeNoticeSource } from '../fake-notice-source.ts';
import { known, notice } from '../notices.ts';
import { FakeNode } from './fake-node.ts';

describe('drain agent', { timeout: 20_000 }, () => {
  let directory: string;
  let node: FakeNode;
  let source: FakeNoticeSource;
  let clock: ManualClock;
  let metrics: AgentMetrics;
  let stop: AbortController;
  let running: Promise<void>;
  let agent: DrainAgent;

  const startAgent = () => {
    stop = new AbortController();
    agent = new DrainAgent({
      source,
      node: new SocketNodeClient({
        nodeId: 'node-1',
        socketPath: node.socketPath,
        healthUrl: node.healthUrl,
      }),
      clock,
      log: pino({ level: 'silent' }),
      metrics,
    });
    running = agent.run(stop.signal);
  };
  const stopAgent = async () => {
    stop.abort();
    await running;
  };
  const until = (what: string, condition: () => boolean) => clock.until(condition, what);
  const completed = () => source.completed.length > 0;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'agent-'));
    node = new FakeNode(join(directory, 'drain'));
    source = new FakeNoticeSource();
    clock = new ManualClock();
    metrics = new AgentMetrics();
    await node.start();
    startAgent();
  });
  afterEach(async () => {
    await stopAgent();
    await node.crash();
    rmSync(directory, { recursive: true });
  });

  it('leaves its node alone as long as there is no notice', async () => {
    await clock.advance(60_000);
    expect(node.requests).toEqual([]);
  });

  it('drains the node, holds the cloud back while meetings are there, then releases and completes', async () => {
    node.holds = 2;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    await clock.advance(30_000);
    expect(source.completed).toEqual([]);
    node.empty();
    await until('the completion', completed);
    expect(node.state).toBe('released');
    expect(source.completed).toEqual(['hook']);
  });

  it('completes at once when the node is empty already: the autoscaler drains before it releases', async () => {
    const beginMs = clock.now();
    source.say(notice());
    await until('the completion', completed);
    expect(clock.now() - beginMs).toBeLessThan(1000);
  });

  it('takes the drain back when the notice is withdrawn, and drains again at the next one', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    source.say(notice({ status: 'withdrawn' }));
    await until('the cancel', () => node.state === 'active' && agent.plan.phase === 'idle');
    source.say(notice({ id: 'next' }));
    await until('the second drain', () => node.state === 'draining' && node.told.has('next'));
  });

  it('tells the node of a changed deadline, less the safety margin', async () => {
    node.holds = 1;
    const deadlineMs = clock.now() + 100_000;
    source.say(notice({ deadlineMs }));
    await until('the drain', () => node.told.has('hook'));
    expect(node.told.get('hook')).toBe(98_000);
    source.say(notice({ deadlineMs: deadlineMs + 50_000 }));
    await until('the new deadline', () => node.told.get('hook') !== 98_000);
    expect(node.told.get('hook')).toBe(deadlineMs + 48_000 - clock.now());
  });

  it('completes all of several notices, and not one that cannot be completed', async () => {
    source.say(notice({ id: 'spot', kind: 'spot', canComplete: false, deadlineMs: clock.now() + 30_000 }));
    source.say(notice({ id: 'hook' }));
    source.say(notice({ id: 'operator', kind: 'operator' }));
    await until('both completions', () => source.completed.length === 2);
    expect(source.completed.toSorted()).toEqual(['hook', 'operator']);
  });

  it('is killed and started again in the middle of a drain, and the next one finishes it', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    await stopAgent();
    node.empty();
    startAgent();
    await until('the completion', completed);
    expect(source.completed).toEqual(['hook']);
  });

  it('is killed between the release and the completion, and the next one completes', async () => {
    source.onComplete = () => {
      throw new Error('the cloud does not answer');
    };
    source.say(notice());
    await until('the release', () => node.state === 'released');
    await stopAgent();
    source.onComplete = () => {};
    startAgent();
    await until('the completion', completed);
  });

  it('completes the notice of a crashed media server after it stayed gone for some seconds', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    await node.crash();
    const goneMs = clock.now();
    await until('the completion', completed);
    expect(clock.now() - goneMs).toBeGreaterThanOrEqual(5000);
    expect(clock.now() - goneMs).toBeLessThan(7000);
  });

  it('does not believe that a node is gone whose socket file was removed while it lives', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    node.loseSocketFile();
    await until('that it is missed', () => agent.plan.node.kind === 'silent');
    await clock.advance(60_000);
    expect(source.completed).toEqual([]);
    await node.crash();
    await until('the completion', completed);
  });

  it('is not taken in by another node that answers at the port of one that is gone', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    await node.crash();
    node.nodeId = 'node-2';
    await node.startHealth();
    await until('the completion', completed);
  });

  it('drains a media server that was started again, in place of completing over its head', async () => {
    node.holds = 1;
    source.say(notice());
    await until('the drain', () => node.state === 'draining');
    await node.crash();
    await until('that it is missed', () => agent.plan.node.kind === 'gone');
    node.holds = 1;
    await node.start();
    await until('the second drain', () => node.state === 'draining');
    await clock.advance(60_000);
    expect(source.completed).toEqual([]);
  });

  it('holds the cloud back for a media server that hangs, until shortly before the deadline', async () => {
    const deadlineMs = clock.now() + 10_000;
    node.hangs = true;
    // Each question to it takes real time until it is given up, so there must be few.
    stop.abort();
    await running;
    agent = new DrainAgent({
      source,
      node: silentNode(clock),
      clock,
      log: pino({ level: 'silent' }),
      metrics,
    });
    stop = new AbortController();
    running = agent.run(stop.signal);
    source.say(notice({ deadlineMs }));
    await until('the completion', completed);
    expect(clock.now()).toBeGreaterThanOrEqual(deadlineMs - 2000);
    expect(clock.now()).toBeLessThan(deadlineMs);
  });

  it('releases by force at the deadline minus the margin, and counts whom it cuts off', async () => {
    const deadlineMs = clock.now() + 30_000;
    node.holds = 2;
    source.say(notice({ deadlineMs }));
    await until('the completion', completed);
    expect(clock.now()).toBe(deadlineMs - 2000);
    expect(node.state).toBe('released');
    expect(await metrics.registry.metrics()).toContain('holdfast_agent_participants_cut_total 6');
  });

  it('asks for more time again and again while meetings are there, and cuts nobody off', async () => {
    node.holds = 1;
    source.onExtend = (before) => ({ ...before, deadline: known(clock.now() + 60_000) });
    source.say(notice({ deadlineMs: clock.now() + 60_000, canExtend: true }));
    await until('five extensions', () => source.extended.length >= 5);
    expect(node.state).toBe('draining');
    expect(source.completed).toEqual([]);
  });

  it('cuts off at the deadline minus the margin when the cloud gives no more time', async () => {
    const deadlineMs = clock.now() + 60_000;
    node.holds = 1;
    source.onExtend = () => {
      throw new HoldfastError('CONFLICT', 'no more');
    };
    source.say(notice({ deadlineMs, canExtend: true }));
    await until('the completion', completed);
    expect(clock.now()).toBe(deadlineMs - 2000);
    expect(source.extended).toEqual(['hook']);
  });

  it('tries to complete until the cloud takes it', async () => {
    let refusals = 3;
    source.onComplete = () => {
      if (refusals > 0) {
        refusals -= 1;
        throw new Error('throttled');
      }
    };
    source.say(notice());
    await until('the completion', completed);
    expect(refusals).toBe(0);
  });

  it('goes on when the watch on the cloud fails', async () => {
    await stopAgent();
    const watch = source.watch.bind(source);
    let failures = 2;
    source.watch = (signal) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('no cloud');
      }
      return watch(signal);
    };
    startAgent();
    source.say(notice());
    await until('the completion', completed);
  });

  it('leaves no timer behind when it is stopped', async () => {
    node.holds = 1;
    source.say(notice({ deadlineMs: clock.now() + 60_000 }));
    await until('the drain', () => node.state === 'draining');
    await stopAgent();
    expect(clock.pendingTimers).toBe(0);
  });
});

/** A node that is there and answers nothing; each question is given up after its time. */
function silentNode(clock: ManualClock) {
  const silence = (timeoutMs: number) =>
    new Promise<NodeAnswer>((resolve) => {
      const found = { socket: 'no-answer', health: 'not-asked' } as const;
      clock.after(timeoutMs, () => resolve({ kind: 'unanswered', found, message: 'no answer' }));
    });
  return {
    status: silence,
    drain: (_request: unknown, timeoutMs: number) => silence(timeoutMs),
    cancel: (_noticeId: unknown, timeoutMs: number) => silence(timeoutMs),
    release: (_force: unknown, timeoutMs: number) => silence(timeoutMs),
  };
}
