import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentMetrics } from '@holdfast/lifecycle-hooks/agent/agent-metrics.ts';
import { DrainAgent } from '@holdfast/lifecycle-hooks/agent/drain-agent.ts';
import { SocketNodeClient } from '@holdfast/lifecycle-hooks/agent/node-client.ts';
import { Drain } from '@holdfast/media-server/drain/drain.ts';
import { DrainSocket } from '@holdfast/media-server/drain/drain-socket.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../media-server/process/manual-clock.ts';
import { FakeNoticeSource } from '../fake-notice-source.ts';
import { notice } from '../notices.ts';

const log = pino({ level: 'silent' });

describe('the drain agent of a machine that carries no meetings', { timeout: 20_000 }, () => {
  const relayed = { holds: 3, people: 2 };
  let directory: string;
  let clock: ManualClock;
  let drain: Drain;
  let socket: DrainSocket;
  let source: FakeNoticeSource;
  let metrics: AgentMetrics;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'agent-'));
    const socketPath = join(directory, 'drain');
    clock = new ManualClock();
    const load = { holds: () => relayed.holds, people: () => relayed.people, waits: () => [] };
    Object.assign(relayed, { holds: 3, people: 2 });
    drain = new Drain({ load, clock, log });
    socket = new DrainSocket({ path: socketPath, nodeId: 'turn-1', role: 'turn', drain, clock, log });
    await socket.listen();
    source = new FakeNoticeSource();
    metrics = new AgentMetrics();
    stop = new AbortController();
    const node = new SocketNodeClient({
      nodeId: 'turn-1',
      socketPath,
      healthUrl: 'http://127.0.0.1:1/healthz',
    });
    running = new DrainAgent({ source, node, clock, log, metrics }).run(stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await socket.close();
    rmSync(directory, { recursive: true });
  });

  it('holds the cloud back while anything is relayed, and lets it go when nothing is', async () => {
    source.say(notice());
    await clock.until(() => drain.state === 'draining', 'the drain');
    await clock.advance(30_000);
    expect([drain.state, source.completed]).toEqual(['draining', []]);
    Object.assign(relayed, { holds: 0, people: 0 });
    drain.emptied();
    await clock.until(() => source.completed.length > 0, 'the completion');
    expect([drain.state, source.completed]).toEqual(['released', ['hook']]);
  });

  it('counts the people that are cut off when time is over', async () => {
    source.say(notice({ deadlineMs: clock.now() + 30_000 }));
    await clock.until(() => source.completed.length > 0, 'the completion');
    expect(drain.state).toBe('released');
    expect(await metrics.registry.metrics()).toContain('holdfast_agent_participants_cut_total 2');
  });
});
