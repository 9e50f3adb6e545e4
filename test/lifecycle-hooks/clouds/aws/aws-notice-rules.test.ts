import { deadlineAtMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import type { Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsMachine, type AwsMachineOptions } from './aws-machine.ts';
import type { FakeHook } from './fake-instance.ts';

let machine: AwsMachine;
let stop: AbortController;
let watches: Promise<void>[];

beforeEach(() => {
  stop = new AbortController();
  watches = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(watches);
  await machine.close();
});

const code = (expected: string) => expect.objectContaining({ code: expected });

async function watched(options: AwsMachineOptions = {}): Promise<Notice[]> {
  machine = await AwsMachine.of(options);
  return hear();
}

/** All that a new agent hears. */
function hear(): Notice[] {
  const heard: Notice[] = [];
  const watch = async () => {
    for await (const notice of machine.source().watch(stop.signal)) heard.push(notice);
  };
  watches.push(watch());
  return heard;
}

async function firstOf(heard: readonly Notice[]): Promise<Notice> {
  await machine.until('a notice', () => heard.length > 0);
  const [notice] = heard;
  if (!notice) throw new Error('nothing was heard');
  return notice;
}

const now = () => machine.fleet.clock.now();
const drainHook = (heartbeatTimeoutS: number): FakeHook => ({
  name: 'drain',
  heartbeatTimeoutS,
  defaultResult: 'CONTINUE',
});
const terminate = () => machine.fleet.group.terminate(machine.instance.id, true);
const held = () => machine.until('the hook', () => machine.instance.state === 'Terminating:Wait');

describe('a termination at AWS', () => {
  it('says nothing while the machine is in service', async () => {
    const heard = await watched();
    await machine.pass(60_000);
    expect(heard).toEqual([]);
  });

  it('is assumed to end a whole heartbeat after the metadata last said nothing of it', async () => {
    const heard = await watched();
    await machine.pass(10_000);
    const beginMs = now();
    terminate();
    const { deadline } = await firstOf(heard);
    expect(deadline.kind).toBe('unknown');
    expect(deadlineAtMs(deadline)).toBeGreaterThanOrEqual(beginMs + 300_000 - 2500);
    expect(deadlineAtMs(deadline)).toBeLessThanOrEqual(beginMs + 300_000);
  });

  it('has the deadline that the heartbeat of the hook itself gives, not that of the configuration', async () => {
    const heard = await watched({ hooks: [drainHook(60)] });
    terminate();
    const notice = await firstOf(heard);
    await held();
    const { deadline } = await machine.source().extend(notice);
    expect(deadline).toEqual({ kind: 'known', atMs: now() + 60_000 });
    expect(machine.instance.deadlineMs).toBe(now() + 60_000);
  });

  it('takes the heartbeat of the configuration where the hook must not be looked at', async () => {
    const heard = await watched();
    machine.fleet.api.fault = (action) => (action === 'DescribeLifecycleHooks' ? 'denied' : undefined);
    terminate();
    const notice = await firstOf(heard);
    await held();
    expect((await machine.source().extend(notice)).deadline).toEqual({
      kind: 'known',
      atMs: now() + 300_000,
    });
  });

  it('is extended up to a hundred heartbeats and no further, also by an agent that was started again', async () => {
    const heard = await watched({ hooks: [drainHook(30)] });
    await machine.pass(10_000);
    const beginMs = now();
    terminate();
    let notice = await firstOf(heard);
    await held();
    // Nobody needs to listen for what follows.
    stop.abort();
    while (notice.canExtend) {
      notice = await machine.source().extend(notice);
      expect(deadlineAtMs(notice.deadline)).toBeLessThanOrEqual(machine.instance.deadlineMs ?? 0);
      await machine.pass(20_000);
    }
    const deadlineMs = deadlineAtMs(notice.deadline) ?? 0;
    expect(deadlineMs - beginMs).toBeGreaterThan(100 * 30_000 - 3000);
    expect(deadlineMs - beginMs).toBeLessThanOrEqual(100 * 30_000 + 1000);
    await expect(machine.source().extend(notice)).rejects.toEqual(code('CLOUD_REFUSED'));
  });

  it('is known with its deadline to an agent that was started again', async () => {
    const heard = await watched();
    terminate();
    const notice = await firstOf(heard);
    await held();
    const extended = await machine.source().extend(notice);
    expect(await firstOf(hear())).toEqual(extended);
  });

  it('is completed once, however many agents try and although a load balancer comes first', async () => {
    const heard = await watched({ deregistrationMs: 90_000 });
    terminate();
    const notice = await firstOf(heard);
    await expect(machine.source().complete(notice)).rejects.toEqual(code('CLOUD_CONFLICT'));
    await machine.pass(80_000);
    await expect(machine.source().complete(notice)).rejects.toEqual(code('CLOUD_CONFLICT'));
    await held();
    await machine.source().complete(notice);
    await machine.source().complete(notice);
    await machine.until('the end', () => machine.instance.dead);
    expect(machine.instance.completions).toBe(1);
    expect(
      machine.fleet.api.calls('CompleteLifecycleAction').filter(({ status }) => status === 200),
    ).toHaveLength(1);
  });

  it('cannot be extended before its hook begins, and can be afterwards', async () => {
    const heard = await watched({ deregistrationMs: 30_000 });
    terminate();
    const notice = await firstOf(heard);
    await expect(machine.source().extend(notice)).rejects.toEqual(code('CLOUD_CONFLICT'));
    await held();
    expect(await machine.source().extend(notice)).toMatchObject({ deadline: { kind: 'known' } });
  });

  it('whose time was over cannot be extended, and is as good as completed', async () => {
    const heard = await watched({ hooks: [drainHook(30)] });
    terminate();
    const notice = await firstOf(heard);
    await machine.until('the end', () => machine.instance.dead);
    await expect(machine.source().extend(notice)).rejects.toEqual(code('CLOUD_REFUSED'));
    await machine.source().complete(notice);
    expect(machine.instance.completions).toBe(0);
  });

  it('is kept in mind while the metadata says nothing, and taken back only by its own word', async () => {
    const heard = await watched();
    terminate();
    await firstOf(heard);
    machine.instance.target = undefined;
    await machine.pass(20_000);
    expect(heard).toHaveLength(1);
    machine.instance.keep();
    await machine.until('the withdrawal', () => heard.length > 1);
    expect(heard.at(-1)).toMatchObject({ status: 'withdrawn' });
  });

  it('completes only its own hook', async () => {
    const heard = await watched({ hooks: [drainHook(300), { ...drainHook(300), name: 'logs' }] });
    terminate();
    const notice = await firstOf(heard);
    await held();
    await machine.source().complete(notice);
    await machine.pass(60_000);
    expect(machine.instance.state).toBe('Terminating:Wait');
    machine.instance.complete('logs', 'CONTINUE');
    await machine.until('the end', () => machine.instance.dead);
  });
});

describe('an interruption at AWS', () => {
  it.each(['terminate', 'stop', 'hibernate'] as const)(
    'that will %s the machine is an order',
    async (action) => {
      const heard = await watched({ market: 'spot' });
      const atMs = machine.fleet.group.interrupt(machine.instance.id, action);
      expect(await firstOf(heard)).toMatchObject({
        kind: 'spot',
        urgency: 'order',
        deadline: { kind: 'known', atMs },
      });
    },
  );
});

describe('a maintenance at AWS', () => {
  const schedule = (inMs: number) => {
    const event = {
      id: 'instance-event-1',
      code: 'system-reboot',
      notBeforeMs: now() + inMs,
      state: 'active' as const,
    };
    machine.instance.maintenance.push(event);
    return machine.instance.maintenance.find(({ id }) => id === event.id);
  };

  it('is advice while it is far, and an order ten minutes before', async () => {
    const heard = await watched();
    const atMs = Math.floor((now() + 700_000) / 1000) * 1000;
    schedule(700_000);
    expect(await firstOf(heard)).toMatchObject({
      kind: 'maintenance',
      urgency: 'advice',
      canComplete: false,
      deadline: { kind: 'known', atMs },
    });
    await machine.until('the order', () => heard.length > 1);
    expect(heard.at(-1)).toMatchObject({ urgency: 'order', id: heard[0]?.id });
    expect(atMs - now()).toBeGreaterThan(590_000);
    expect(atMs - now()).toBeLessThanOrEqual(600_000);
  });

  it.each(['canceled', 'completed'] as const)('that is %s is taken back', async (state) => {
    const heard = await watched();
    const event = schedule(60_000);
    expect(await firstOf(heard)).toMatchObject({ urgency: 'order' });
    if (event) event.state = state;
    await machine.until('the withdrawal', () => heard.length > 1);
    expect(heard.at(-1)).toMatchObject({ status: 'withdrawn' });
  });

  it('that was over before the agent began is no notice', async () => {
    machine = await AwsMachine.of();
    const event = schedule(60_000);
    if (event) event.state = 'completed';
    const heard = hear();
    await machine.pass(20_000);
    expect(heard).toEqual([]);
  });
});
