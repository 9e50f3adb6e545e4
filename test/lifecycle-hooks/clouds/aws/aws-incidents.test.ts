import type { FleetMember, Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { AwsAgent } from './aws-agent.ts';
import { AwsFleet } from './aws-fleet.ts';
import { AwsMachine } from './aws-machine.ts';

/** What has gone wrong for others on AWS, each once. */

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each.close();
});
function closed<T extends { close(): Promise<void> }>(opened: T): T {
  closing.push(opened);
  return opened;
}

const agentOf = async (options: Parameters<typeof AwsAgent.of>[0] = {}) => closed(await AwsAgent.of(options));
const fleetOf = async (options: Parameters<typeof AwsFleet.of>[0] = {}) => closed(await AwsFleet.of(options));
const machineOf = async (options: Parameters<typeof AwsMachine.of>[0] = {}) =>
  closed(await AwsMachine.of(options));
const code = (expected: string) => expect.objectContaining({ code: expected });

/** All that is heard of this machine until the test ends. */
function hear(machine: AwsMachine): Notice[] {
  const heard: Notice[] = [];
  const stop = new AbortController();
  const watch = async () => {
    for await (const notice of machine.source().watch(stop.signal)) heard.push(notice);
  };
  const watching = watch();
  closed({
    async close() {
      stop.abort();
      await watching;
    },
  });
  return heard;
}

describe('hooks that nobody completed, each at the price of its whole time', () => {
  it('a machine whose media node never came up completes its own hook within seconds', async () => {
    const { machine } = await agentOf({ node: false });
    const { group, clock } = machine.fleet;
    const beginMs = clock.now();
    group.replaceUnhealthy(machine.instance.id);
    await machine.until('its end', () => !group.instances.has(machine.instance.id));
    expect(clock.now() - beginMs).toBeLessThan(15_000);
    expect(machine.instance.completions).toBe(1);
  });

  it('an empty machine that is not let go is seen while it lasts, and its time is known afterwards', async () => {
    const agent = await agentOf();
    const { machine, node } = agent;
    const { fleet, instance } = machine;
    node.holds = 1;
    await fleet.driver.release(instance.id);
    await machine.until('the drain', () => node.state === 'draining');
    expect(await agent.metric('holdfast_agent_empty_since_timestamp_seconds')).toBe(0);
    fleet.api.fault = (action) => (action === 'CompleteLifecycleAction' ? 'denied' : undefined);
    const emptyMs = fleet.clock.now();
    node.empty();
    await machine.pass(60_000);
    const sinceMs = (await agent.metric('holdfast_agent_empty_since_timestamp_seconds')) * 1000;
    expect(sinceMs - emptyMs).toBeGreaterThanOrEqual(0);
    expect(sinceMs - emptyMs).toBeLessThan(1000);
    fleet.api.fault = () => undefined;
    await machine.until('the completion', () => instance.completions === 1);
    await machine.pass(1000);
    expect(await agent.metric('holdfast_agent_empty_since_timestamp_seconds')).toBe(0);
    expect(await agent.metric('holdfast_agent_last_release_seconds')).toBeGreaterThanOrEqual(59);
  });

  it('a hook of another name is not retried without end, and neither is one that somebody else has completed', async () => {
    const { machine } = await agentOf({
      hooks: [
        {
          name: 'of-another-name',
          heartbeatTimeoutS: 7200,
          defaultResult: 'CONTINUE',
        },
      ],
    });
    const { fleet, instance } = machine;
    await fleet.driver.release(instance.id);
    await machine.pass(150_000);
    const tries = () => fleet.api.exchanges.filter(({ action }) => /Heartbeat|Complete/.test(action)).length;
    const before = tries();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(150);
    await machine.pass(60_000);
    expect(tries()).toBe(before);
  });
});

describe('machines that went too early', () => {
  it('a hook is completed only when the node itself has said that it is released', async () => {
    const { machine, node } = await agentOf();
    const { fleet, instance } = machine;
    const states: string[] = [];
    fleet.api.fault = (action) => {
      if (action === 'CompleteLifecycleAction') states.push(node.state);
      return undefined;
    };
    node.holds = 2;
    await fleet.driver.release(instance.id);
    await machine.pass(30_000);
    node.empty();
    await machine.until('its end', () => instance.dead);
    expect(states).toEqual(['released']);
  });

  it('nothing lowers a size while it could end a machine: a victim is always named', async () => {
    const fleet = await fleetOf();
    const { driver, group, api } = fleet;
    const [first] = fleet.pair();
    await driver.grow({ to: 4, operationId: 'one' });
    await driver.release(first);
    group.launching = 'pending';
    await driver.grow({ to: 4, operationId: 'two' });
    await fleet.pass(60_000);
    const booting = (await driver.describe()).members.find(({ state }) => state === 'launching');
    await driver.giveUp(booting?.id ?? '');
    const sizes = api.calls('SetDesiredCapacity').map(({ form }) => Number(form.get('DesiredCapacity')));
    expect(sizes).toEqual([4, 4]);
    const ended = api.calls('TerminateInstanceInAutoScalingGroup').map(({ form }) => form.get('InstanceId'));
    expect(ended).toEqual([first, booting?.id]);
  });

  it('a launch without a machine is not given up where AWS could choose another victim', async () => {
    const fleet = await fleetOf({ protect: false });
    const { driver, group, api } = fleet;
    group.launching = 'unlisted';
    await driver.grow({ to: 3, operationId: 'one' });
    await fleet.pass(60_000);
    const launch = (await driver.describe()).members.find(({ state }) => state === 'launching');
    await expect(driver.giveUp(launch?.id ?? '')).rejects.toEqual(code('CLOUD_REFUSED'));
    expect(api.calls('SetDesiredCapacity')).toHaveLength(1);
    expect(fleet.inState('InService')).toHaveLength(2);
  });

  it('a launch that may be there and not listed yet is not given up', async () => {
    const fleet = await fleetOf();
    const { driver, group } = fleet;
    group.launching = 'unlisted';
    await driver.grow({ to: 3, operationId: 'one' });
    const launch = (await driver.describe()).members.find(({ state }) => state === 'launching');
    await expect(driver.giveUp(launch?.id ?? '')).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
      retryAfterMs: expect.any(Number),
    });
    await fleet.pass(10_000);
    await driver.giveUp(launch?.id ?? '');
    expect(group.desired).toBe(2);
  });

  it('a machine that boots is launching since its launch, not failed', async () => {
    const fleet = await fleetOf();
    const before = fleet.inState('InService');
    const beginMs = fleet.clock.now();
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    const added: (FleetMember | undefined)[] = [];
    for (let at = 0; at < 20_000; at += 2000) {
      const { members } = await fleet.driver.describe();
      added.push(members.find(({ id }) => !before.includes(id)));
      await fleet.pass(2000);
    }
    expect(new Set(added.map((member) => member?.state))).toEqual(new Set(['launching']));
    for (const member of added) {
      expect(member?.launchedAtMs).toBeGreaterThanOrEqual(beginMs);
      expect(member?.launchedAtMs).toBeLessThanOrEqual(beginMs + 6500);
    }
  });
});

describe('sizes with two writers', () => {
  it('a release wants one fewer once, although the machine lets itself go as well', async () => {
    const { machine } = await agentOf({ secondTermination: 'lowers the wish again', staleMs: 9000 });
    const { group, driver } = machine.fleet;
    await driver.release(machine.instance.id);
    await machine.until('its end', () => !group.instances.has(machine.instance.id));
    await driver.release(machine.instance.id);
    await machine.pass(60_000);
    expect(group.desired).toBe(1);
    expect(machine.fleet.inState('InService')).toHaveLength(1);
  });

  it('what is wanted is not what runs: a machine that is being replaced is not grown twice', async () => {
    const fleet = await fleetOf();
    const [first] = fleet.pair();
    fleet.group.replaceUnhealthy(first);
    expect(await fleet.driver.describe()).toMatchObject({ wanted: 2 });
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('three', () => fleet.inState('InService').length === 3);
    await fleet.pass(60_000);
    expect(fleet.group.desired).toBe(3);
    expect(fleet.inState('InService')).toHaveLength(3);
  });

  it('a machine that could not go is not drained: the driver says so before', async () => {
    const fleet = await fleetOf({ min: 2 });
    const { members } = await fleet.driver.describe();
    expect(members.map(({ releasable }) => releasable.ok)).toEqual([false, false]);
  });

  it('a new leader that repeats what the old one has sent takes none besides', async () => {
    const fleet = await fleetOf({ secondTermination: 'lowers the wish again', staleMs: 9000, wanted: 4 });
    const [first] = fleet.pair();
    fleet.api.fault = (action) => (action.startsWith('Terminate') ? 'lost-answer' : undefined);
    await expect(fleet.driver.release(first)).rejects.toEqual(code('CLOUD_UNREACHABLE'));
    fleet.api.fault = () => undefined;
    const successor = fleet.newDriver();
    await expect(successor.release(first)).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
      retryAfterMs: expect.any(Number),
    });
    await fleet.pass(10_000);
    await successor.release(first);
    await fleet.driver.release(first);
    expect(fleet.group.desired).toBe(3);
    expect(fleet.api.calls('TerminateInstanceInAutoScalingGroup')).toHaveLength(1);
  });
});

describe('members that hold up others, or are forgotten', () => {
  it('one that AWS has already taken is released', async () => {
    const fleet = await fleetOf();
    const [first, second] = fleet.pair();
    await fleet.driver.describe();
    fleet.group.killed(first);
    await fleet.until('it has left', () => !fleet.group.instances.has(first));
    await fleet.pass(60_000);
    await fleet.driver.release(first);
    expect(fleet.group.desired).toBe(2);
    await fleet.driver.release(second);
    expect(fleet.group.desired).toBe(1);
  });

  it('one whose release is in doubt, or that leaves already, keeps no other from going', async () => {
    const fleet = await fleetOf({ wanted: 4 });
    const [first, second, third] = fleet.inState('InService');
    fleet.api.fault = (action) => (action.startsWith('Terminate') ? 'lost-request' : undefined);
    await expect(fleet.driver.release(first ?? '')).rejects.toEqual(code('CLOUD_UNREACHABLE'));
    fleet.api.fault = () => undefined;
    await fleet.driver.release(second ?? '');
    await fleet.driver.release(third ?? '');
    expect(fleet.group.desired).toBe(2);
  });

  it('a driver that was started again sees all there is, also what is being launched', async () => {
    const fleet = await fleetOf();
    fleet.group.launching = 'unlisted';
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    const { members, wanted } = await fleet.newDriver().describe();
    expect(wanted).toBe(3);
    expect(members.map(({ state }) => state).toSorted()).toEqual(['launching', 'running', 'running']);
  });

  it('released means gone: one that AWS has said yes to and kept is running again, and is released again', async () => {
    const fleet = await fleetOf({ wanted: 3 });
    const [first] = fleet.pair();
    fleet.group.forgetsTerminations = true;
    await fleet.driver.release(first);
    const stateOf = async () => (await fleet.driver.describe()).members.find(({ id }) => id === first)?.state;
    expect(await stateOf()).toBe('leaving');
    await fleet.pass(15_000);
    expect(await stateOf()).toBe('running');
    fleet.group.forgetsTerminations = false;
    await fleet.driver.release(first);
    await fleet.pass(15_000);
    expect(await stateOf()).toBe('leaving');
  });
});

describe('metadata that was misread', () => {
  it('tokens that end before their time keep no notice away, and nothing is logged of it', async () => {
    const machine = await machineOf({ imds: { tokenUses: 5 } });
    const heard = hear(machine);
    await machine.pass(60_000);
    machine.fleet.group.interrupt(machine.instance.id);
    await machine.until('the notice', () => heard.length > 0);
    expect(machine.log).toEqual([]);
    expect(machine.looks).not.toContain(false);
  });

  it('an outage is no notice and no all-clear, is seen, is logged once, and ends by itself', async () => {
    const machine = await machineOf();
    const heard = hear(machine);
    machine.fleet.group.terminate(machine.instance.id, true);
    await machine.until('the notice', () => heard.length > 0);
    const asked = machine.imds.requests.length;
    machine.imds.mood = 'fails';
    await machine.pass(60_000);
    expect(heard).toHaveLength(1);
    expect(machine.looks.at(-1)).toBe(false);
    expect(machine.log.map(({ event }) => event)).toEqual(['metadata.unanswered']);
    // Some seconds between two looks of four questions each.
    expect(machine.imds.requests.length - asked).toBeLessThan(150);
    machine.imds.mood = 'answers';
    machine.fleet.group.interrupt(machine.instance.id);
    await machine.until('the second notice', () => heard.length > 1);
    expect(machine.looks.at(-1)).toBe(true);
    expect(machine.log.map(({ event }) => event)).toEqual(['metadata.unanswered', 'metadata.answers_again']);
  });

  it('metadata that hangs when the machine boots is waited for, and not for ever at a time', async () => {
    const machine = await machineOf({ imdsTimeoutMs: 50 });
    machine.imds.mood = 'hangs';
    const heard = hear(machine);
    await machine.until('a look in vain', () => machine.looks.length > 1);
    expect(machine.looks).not.toContain(true);
    machine.imds.mood = 'answers';
    await machine.until('a look', () => machine.looks.includes(true));
    expect(heard).toEqual([]);
  });

  it('one path that hangs hides no notice of another', async () => {
    const machine = await machineOf({ imdsTimeoutMs: 50 });
    machine.imds.hanging.add('events/maintenance/scheduled');
    const heard = hear(machine);
    machine.fleet.group.interrupt(machine.instance.id);
    await machine.until('the notice', () => heard.length > 0);
    expect(heard[0]).toMatchObject({ kind: 'spot' });
  });

  it('a disk that takes nothing keeps no notice away, and no time from being asked for', async () => {
    const machine = await machineOf();
    machine.memoryFile = 'no such folder/termination.json';
    machine.fleet.group.terminate(machine.instance.id, true);
    const source = machine.source();
    const heard: Notice[] = [];
    const stop = new AbortController();
    const watch = async () => {
      for await (const notice of source.watch(stop.signal)) heard.push(notice);
    };
    const watching = watch();
    await machine.pass(20_000);
    expect(heard).toHaveLength(1);
    const [notice] = heard;
    const extended = notice && (await source.extend(notice));
    expect(extended).toMatchObject({ deadline: { kind: 'known' } });
    await machine.pass(20_000);
    expect(heard.slice(1)).toEqual([extended]);
    if (extended) await source.complete(extended);
    await machine.until('its end', () => machine.instance.dead);
    expect(new Set(machine.log.map(({ event }) => event))).toEqual(new Set(['aws.termination_not_kept']));
    stop.abort();
    await watching;
  });

  it('what cannot be read is said once, and hides nothing', async () => {
    const machine = await machineOf();
    machine.instance.maintenance.push({
      id: 'instance-event-1',
      code: 'system-reboot',
      notBeforeMs: Number.NaN,
      state: 'active',
    });
    const heard = hear(machine);
    await machine.pass(20_000);
    machine.fleet.group.interrupt(machine.instance.id);
    await machine.until('the notice', () => heard.length > 0);
    expect(heard[0]).toMatchObject({ kind: 'spot' });
    expect(machine.log.map(({ event }) => event)).toEqual(['metadata.unreadable']);
  });
});
