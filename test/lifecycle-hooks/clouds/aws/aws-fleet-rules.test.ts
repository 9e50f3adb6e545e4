import type { FleetMember } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { AwsFleet } from './aws-fleet.ts';

let fleet: AwsFleet;
afterEach(() => fleet.close());

const code = (expected: string) => expect.objectContaining({ code: expected });

async function memberOf(id: string): Promise<FleetMember | undefined> {
  return (await fleet.driver.describe()).members.find((member) => member.id === id);
}

describe('a fleet of AWS: what it says of a member', () => {
  it('when it was launched, as what, and how many workers its type gives', async () => {
    fleet = await AwsFleet.of({ market: 'spot' });
    const [first] = fleet.pair();
    expect(await memberOf(first)).toMatchObject({
      launchedAtMs: fleet.group.get(first).make.launchedAtMs,
      market: 'spot',
      machineType: 'c7i.xlarge',
      workers: 4,
      zone: 'us-east-1a',
      generation: 'lt-0123456789abcdef0:3',
    });
    expect(fleet.api.calls('DescribeInstances')).toHaveLength(1);
    await fleet.driver.describe();
    expect(fleet.api.calls('DescribeInstances')).toHaveLength(1);
    expect(fleet.api.calls('DescribeInstanceTypes')).toHaveLength(1);
  });

  it('an older generation keeps the version that it was launched from', async () => {
    fleet = await AwsFleet.of();
    const [first] = fleet.pair();
    fleet.group.version = '4';
    expect(await fleet.driver.describe()).toMatchObject({ generation: 'lt-0123456789abcdef0:4' });
    expect(await memberOf(first)).toMatchObject({ generation: 'lt-0123456789abcdef0:3' });
  });

  it('still says what there is when EC2 is throttled, and learns the rest later', async () => {
    fleet = await AwsFleet.of({ market: 'spot' });
    await fleet.driver.describe();
    const before = fleet.inState('InService');
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('three', () => fleet.inState('InService').length === 3);
    await fleet.pass(60_000);
    const third = fleet.inState('InService').find((id) => !before.includes(id)) ?? '';
    fleet.api.fault = (action) => (action === 'DescribeInstances' ? 'throttled' : undefined);
    const seenAtMs = fleet.clock.now();
    expect(await memberOf(third)).toMatchObject({ state: 'running', launchedAtMs: seenAtMs });
    fleet.api.fault = () => undefined;
    expect(await memberOf(third)).toMatchObject({
      launchedAtMs: fleet.group.get(third).make.launchedAtMs,
    });
  });

  it.each([
    ['no-capacity', 'CLOUD_NO_CAPACITY'],
    ['quota', 'CLOUD_QUOTA'],
  ] as const)('why a launch does not come (%s)', async (launching, expected) => {
    fleet = await AwsFleet.of();
    fleet.group.launching = launching;
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    await fleet.pass(30_000);
    const { members } = await fleet.driver.describe();
    const failed = members.find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ failure: { code: expected }, launchedBy: 'one' });
    await fleet.driver.giveUp(failed?.id ?? '');
    expect(fleet.group.desired).toBe(2);
    expect(fleet.inState('InService')).toHaveLength(2);
  });

  it('a launch that failed before this one was asked for says nothing of this one', async () => {
    fleet = await AwsFleet.of();
    fleet.group.launching = 'no-capacity';
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    await fleet.pass(30_000);
    const lost = (await fleet.driver.describe()).members.find(({ state }) => state === 'failed');
    await fleet.driver.giveUp(lost?.id ?? '');
    await fleet.pass(60_000);
    fleet.group.launching = 'unlisted';
    await fleet.driver.grow({ to: 3, operationId: 'three' });
    await fleet.pass(20_000);
    const { members } = await fleet.driver.describe();
    expect(members.map(({ state }) => state).toSorted()).toEqual(['launching', 'running', 'running']);
  });

  it.each([
    ['the group is being deleted', () => (fleet.group.status = 'Delete in progress')],
    ['Terminate is suspended', () => fleet.group.suspended.add('Terminate')],
    ['an instance refresh is under way', () => (fleet.group.refreshing = true)],
    ['it is at its minimum', () => (fleet.group.desired = 1)],
    ["it is at the group's own minimum", () => (fleet.group.min = 2)],
  ])('that it cannot be released while %s, and it is not', async (_, happen) => {
    fleet = await AwsFleet.of();
    happen();
    const [first] = fleet.pair();
    expect(await memberOf(first)).toMatchObject({ releasable: { ok: false, why: expect.any(String) } });
    await expect(fleet.driver.release(first)).rejects.toEqual(code('CLOUD_REFUSED'));
    expect(fleet.api.calls('TerminateInstanceInAutoScalingGroup')).toEqual([]);
  });

  it('one in standby does not count, so giving it up wants no fewer', async () => {
    fleet = await AwsFleet.of();
    const [first] = fleet.pair();
    fleet.group.get(first).become('Standby');
    fleet.group.reconcile('standby');
    await fleet.until('two in service', () => fleet.inState('InService').length === 2);
    await fleet.pass(20_000);
    expect(await memberOf(first)).toMatchObject({ state: 'failed' });
    await fleet.driver.giveUp(first);
    expect(fleet.group.desired).toBe(2);
    expect(fleet.group.get(first).isLeaving).toBe(true);
  });
});

describe('a fleet of AWS: growth', () => {
  it('in a zone of choice is launched there, and each is known by its operation', async () => {
    fleet = await AwsFleet.of();
    await fleet.driver.grow({ to: 4, operationId: 'an operation: 1', prefer: { zone: 'us-east-1b' } });
    const { members, wanted } = await fleet.driver.describe();
    const added = members.filter(({ launchedBy }) => launchedBy === 'an operation: 1');
    expect(wanted).toBe(4);
    expect(added.map(({ zone, state }) => `${zone} ${state}`)).toEqual([
      'us-east-1b launching',
      'us-east-1b launching',
    ]);
    expect(fleet.api.calls('SetDesiredCapacity')).toEqual([]);
  });

  it('in a zone without any machine fails with CLOUD_NO_CAPACITY, and wants no more', async () => {
    fleet = await AwsFleet.of();
    fleet.group.launching = 'no-capacity';
    const growth = { to: 3, operationId: 'one', prefer: { zone: 'us-east-1b' } };
    await expect(fleet.driver.grow(growth)).rejects.toEqual(code('CLOUD_NO_CAPACITY'));
    expect((await fleet.driver.describe()).wanted).toBe(2);
  });

  it('in a zone that has some of them takes those there, and the rest elsewhere', async () => {
    fleet = await AwsFleet.of();
    fleet.group.capacity = 1;
    await fleet.driver.grow({ to: 4, operationId: 'one', prefer: { zone: 'us-east-1b' } });
    expect(fleet.group.desired).toBe(4);
    expect((await fleet.driver.describe()).members).toHaveLength(4);
  });

  it('goes without a zone where launching by name is not allowed', async () => {
    fleet = await AwsFleet.of();
    fleet.api.fault = (action) => (action === 'LaunchInstances' ? 'denied' : undefined);
    await fleet.driver.grow({ to: 3, operationId: 'one', prefer: { zone: 'us-east-1b' } });
    await fleet.driver.grow({ to: 4, operationId: 'two', prefer: { zone: 'us-east-1b' } });
    expect(fleet.group.desired).toBe(4);
    expect(fleet.api.calls('LaunchInstances')).toHaveLength(1);
  });

  it('goes without a zone where the group cannot be told one', async () => {
    fleet = await AwsFleet.of();
    fleet.api.fault = (action) => (action === 'LaunchInstances' ? 'refused' : undefined);
    await fleet.driver.grow({ to: 3, operationId: 'one', prefer: { zone: 'us-east-1b' } });
    expect(fleet.group.desired).toBe(3);
  });

  it('whose answer was lost is sent again as it was, whatever was released meanwhile', async () => {
    fleet = await AwsFleet.of({ zones: ['us-east-1a'] });
    const [first] = fleet.pair();
    fleet.api.fault = (action) => (action === 'LaunchInstances' ? 'lost-answer' : undefined);
    const growth = { to: 4, operationId: 'one' };
    await expect(fleet.driver.grow(growth)).rejects.toEqual(code('CLOUD_UNREACHABLE'));
    fleet.api.fault = () => undefined;
    await fleet.driver.release(first);
    await fleet.driver.grow(growth);
    expect(fleet.group.desired).toBe(3);
  });
});

describe('a fleet of AWS: the group itself', () => {
  it('must exist: AWS answers for an unknown one as if there were nothing to say', async () => {
    fleet = await AwsFleet.of({ name: 'media' });
    await expect(fleet.calls.group('another')).rejects.toEqual(code('NOT_FOUND'));
  });

  it('must launch from a version by number, since any other changes by itself', async () => {
    fleet = await AwsFleet.of();
    fleet.group.version = '$Latest';
    await expect(fleet.driver.describe()).rejects.toEqual(code('CLOUD_REFUSED'));
  });

  it('a call that hangs is not known to have done anything', async () => {
    fleet = await AwsFleet.of({ timeoutMs: 150 });
    fleet.api.fault = () => 'hangs';
    await expect(fleet.driver.describe()).rejects.toEqual(code('CLOUD_UNREACHABLE'));
  });

  it('says when to come back that throttles', async () => {
    fleet = await AwsFleet.of();
    fleet.api.fault = () => 'throttled';
    await expect(fleet.driver.describe()).rejects.toMatchObject({
      code: 'CLOUD_THROTTLED',
      retryAfterMs: expect.any(Number),
    });
  });

  it('that the process may not look at is said to be denied', async () => {
    fleet = await AwsFleet.of();
    fleet.api.fault = () => 'denied';
    await expect(fleet.driver.describe()).rejects.toEqual(code('CLOUD_DENIED'));
  });

  it('throttles questions about refreshes: what was known of them before counts', async () => {
    fleet = await AwsFleet.of();
    fleet.group.refreshing = true;
    await fleet.driver.describe();
    await fleet.pass(60_000);
    fleet.group.refreshing = false;
    fleet.api.fault = (action) => (action === 'DescribeInstanceRefreshes' ? 'throttled' : undefined);
    const { members } = await fleet.driver.describe();
    expect(members.map(({ releasable }) => releasable.ok)).toEqual([false, false]);
  });

  it('that answers no question about refreshes is described all the same', async () => {
    fleet = await AwsFleet.of();
    fleet.api.fault = (action) => (action === 'DescribeInstanceRefreshes' ? 'lost-request' : undefined);
    const { members } = await fleet.driver.describe();
    expect(members.map(({ releasable }) => releasable.ok)).toEqual([true, true]);
  });

  it('can be driven with no more rights than to read it, to set its size and to terminate', async () => {
    fleet = await AwsFleet.of({ zones: ['us-east-1a'] });
    const allowed = [
      'DescribeAutoScalingGroups',
      'DescribeScalingActivities',
      'SetDesiredCapacity',
      'TerminateInstanceInAutoScalingGroup',
    ];
    fleet.api.fault = (action) => (allowed.includes(action) ? undefined : 'denied');
    await fleet.driver.describe();
    await fleet.driver.grow({ to: 3, operationId: 'one' });
    await fleet.until('three', () => fleet.inState('InService').length === 3);
    await fleet.pass(60_000);
    await fleet.driver.release(fleet.pair()[0]);
    const { members, wanted } = await fleet.driver.describe();
    expect(wanted).toBe(2);
    expect(members[1]).toMatchObject({ state: 'running', workers: 1, market: 'on-demand' });
    // What is denied is not asked for again and again.
    expect(fleet.api.calls('DescribeInstances')).toHaveLength(1);
    expect(fleet.api.calls('DescribeInstanceTypes')).toHaveLength(1);
  });

  it('has machines with as many workers as the configuration says, where it says so', async () => {
    fleet = await AwsFleet.of({ workers: 3 });
    expect((await fleet.driver.describe()).members.map(({ workers }) => workers)).toEqual([3, 3]);
    expect(fleet.api.calls('DescribeInstanceTypes')).toEqual([]);
  });
});
