import type { Activity, Group, Instance } from '@holdfast/lifecycle-hooks/clouds/aws/auto-scaling-answers.ts';
import * as ledgers from '@holdfast/lifecycle-hooks/clouds/aws/fleet-ledger.ts';
import { releasable } from '@holdfast/lifecycle-hooks/clouds/aws/member-state.ts';
import { describe, expect, it } from 'vitest';

const BEGIN_MS = 1_000_000;
const { STALE_MS } = ledgers;

const instance = (id: string, state = 'InService'): Instance => ({
  InstanceId: id,
  AvailabilityZone: 'us-east-1a',
  LifecycleState: state,
  HealthStatus: 'Healthy',
  ProtectedFromScaleIn: true,
});

const group = (desired: number, ...instances: Instance[]): Group => ({
  AutoScalingGroupName: 'media',
  MinSize: 0,
  MaxSize: 10,
  DesiredCapacity: desired,
  AvailabilityZones: ['us-east-1a'],
  NewInstancesProtectedFromScaleIn: true,
  SuspendedProcesses: [],
  Instances: instances,
});

const begun = () => ledgers.newLedger(BEGIN_MS);
const launchIds = ({ launches }: ledgers.Ledger) => launches.map(({ id }) => id);

describe('launches that a group does not list', () => {
  it('are as many as members that count are missing', () => {
    const now = ledgers.read(
      begun(),
      group(
        4,
        instance('i-1'),
        instance('i-2', 'Pending'),
        instance('i-3', 'Terminating:Wait'),
        instance('i-4', 'Standby'),
      ),
      BEGIN_MS,
    );
    expect(now.launches).toHaveLength(2);
    expect(now.launches).toEqual([
      expect.objectContaining({ named: false, launchedBy: null, zone: null, atMs: BEGIN_MS }),
      expect.objectContaining({ named: false, launchedBy: null, zone: null, atMs: BEGIN_MS }),
    ]);
    expect(new Set(launchIds(now)).size).toBe(2);
  });

  it('are none where more are there than wanted', () => {
    expect(ledgers.read(begun(), group(1, instance('i-1'), instance('i-2')), BEGIN_MS).launches).toEqual([]);
  });

  it('stay the same while they are missing, and the oldest arrive first', () => {
    const asked = ledgers.asked(begun(), 2, 'one', BEGIN_MS);
    const still = ledgers.read(asked, group(2), BEGIN_MS + 1000);
    expect(still.launches).toEqual(asked.launches);
    const later = ledgers.read(still, group(2, instance('i-1')), BEGIN_MS + 2000);
    expect(launchIds(later)).toEqual(launchIds(asked).slice(1));
    expect(ledgers.standing(later, group(2), launchIds(asked)[0] ?? '', BEGIN_MS).kind).toBe('gone');
    expect(ledgers.standing(later, group(2), launchIds(asked)[1] ?? '', BEGIN_MS)).toMatchObject({
      kind: 'launch',
      launch: { launchedBy: 'one' },
    });
  });

  it('have ids that nothing else has, now, later, and of another driver', () => {
    const first = ledgers.read(begun(), group(1), BEGIN_MS);
    const none = ledgers.read(first, group(0), BEGIN_MS);
    const second = ledgers.asked(ledgers.read(none, group(1), BEGIN_MS), 1, 'one', BEGIN_MS);
    const other = ledgers.read(ledgers.newLedger(BEGIN_MS + 1), group(2), BEGIN_MS);
    const third = ledgers.asked(ledgers.asked(second, 2, 'two', BEGIN_MS), 1, 'three', BEGIN_MS);
    const ids = [...launchIds(first), ...launchIds(third), ...launchIds(other)];
    expect(new Set(ids).size).toBe(8);
  });

  it('take the place of a member whose release is accepted, and of no other', () => {
    const released = ledgers.accepted(begun(), 'i-1', BEGIN_MS);
    const now = ledgers.read(released, group(2, instance('i-1'), instance('i-2')), BEGIN_MS);
    expect(now.launches).toHaveLength(1);
  });

  it('that are named are known by their operation when they are listed', () => {
    const named = ledgers.launchedAs(begun(), [{ id: 'i-1', zone: 'us-east-1a' }], 'one', BEGIN_MS);
    expect(named.launches).toEqual([
      { id: 'i-1', named: true, launchedBy: 'one', zone: 'us-east-1a', atMs: BEGIN_MS },
    ]);
    const again = ledgers.launchedAs(named, [{ id: 'i-1', zone: 'us-east-1a' }], 'one', BEGIN_MS + 1000);
    expect(again.launches).toEqual(named.launches);
    const missing = ledgers.read(named, group(2), BEGIN_MS);
    expect(missing.launches).toHaveLength(2);
    const listed = ledgers.read(missing, group(1, instance('i-1', 'Pending')), BEGIN_MS);
    expect(listed.launches).toEqual([]);
    expect(listed.launchedBy.get('i-1')).toBe('one');
    expect(ledgers.launchedAs(listed, [{ id: 'i-1', zone: null }], 'one', BEGIN_MS).launches).toEqual([]);
  });

  it('that are given up are gone', () => {
    const asked = ledgers.asked(begun(), 2, 'one', BEGIN_MS);
    const [first = '', second = ''] = launchIds(asked);
    const now = ledgers.launchOver(asked, first);
    expect(launchIds(now)).toEqual([second]);
    expect(ledgers.standing(now, group(1), first, BEGIN_MS).kind).toBe('gone');
  });
});

describe('what is known of a member', () => {
  const seen = ledgers.read(begun(), group(1, instance('i-1')), BEGIN_MS);

  it('is that it is there while it is listed', () => {
    expect(ledgers.standing(seen, group(1, instance('i-1')), 'i-1', BEGIN_MS).kind).toBe('listed');
  });

  it('is nothing sure when it was first seen a moment ago and is not listed: the list may be older', () => {
    expect(ledgers.standing(seen, group(1), 'i-1', BEGIN_MS + STALE_MS - 1)).toEqual({
      kind: 'unclear',
      forMs: 1,
    });
    expect(ledgers.standing(seen, group(1), 'i-1', BEGIN_MS + STALE_MS).kind).toBe('gone');
    const later = ledgers.read(seen, group(1, instance('i-1')), BEGIN_MS + 5000);
    expect(ledgers.standing(later, group(1), 'i-1', BEGIN_MS + STALE_MS).kind).toBe('gone');
  });

  it('is that it never was', () => {
    expect(ledgers.standing(seen, group(1), 'i-2', BEGIN_MS).kind).toBe('never');
  });

  it('is that it is gone when it was launched by name and never listed', () => {
    const named = ledgers.launchedAs(begun(), [{ id: 'i-1', zone: null }], 'one', BEGIN_MS);
    const over = { ...named, launches: [] };
    expect(ledgers.standing(over, group(1), 'i-1', BEGIN_MS).kind).toBe('gone');
  });
});

describe('a termination', () => {
  it('that was not answered is not sent again before it must show', () => {
    const later = BEGIN_MS + 60_000;
    const doubtful = ledgers.sent(begun(), 'i-1', later);
    expect(ledgers.unsureForMs(doubtful, 'i-1', later)).toBe(STALE_MS);
    expect(ledgers.unsureForMs(doubtful, 'i-1', later + STALE_MS - 1)).toBe(1);
    expect(ledgers.unsureForMs(doubtful, 'i-1', later + STALE_MS)).toBe(0);
    expect(ledgers.unsureForMs(doubtful, 'i-1', later + 2 * STALE_MS)).toBe(0);
    expect(ledgers.unsureForMs(doubtful, 'i-2', later)).toBe(0);
    const over = ledgers.read(doubtful, group(1, instance('i-1')), later + STALE_MS);
    expect(over.doubtful.size).toBe(0);
    const still = ledgers.read(doubtful, group(1, instance('i-1')), later + STALE_MS - 1);
    expect(still.doubtful.size).toBe(1);
  });

  it('is not sent by a driver that has just begun: another may have sent it', () => {
    expect(ledgers.unsureForMs(begun(), 'i-1', BEGIN_MS)).toBe(STALE_MS);
    expect(ledgers.unsureForMs(begun(), 'i-1', BEGIN_MS + STALE_MS)).toBe(0);
  });

  it('that was refused or accepted is in no doubt', () => {
    const doubtful = ledgers.sent(begun(), 'i-1', BEGIN_MS);
    expect(ledgers.refused(doubtful, 'i-1').doubtful.size).toBe(0);
    const accepted = ledgers.accepted(doubtful, 'i-1', BEGIN_MS + 1);
    expect(accepted.doubtful.size).toBe(0);
    expect([...accepted.accepted]).toEqual([['i-1', BEGIN_MS + 1]]);
    expect(ledgers.read(accepted, group(0), BEGIN_MS + STALE_MS).accepted.size).toBe(1);
    expect(ledgers.read(accepted, group(0), BEGIN_MS + 1 + STALE_MS).accepted.size).toBe(0);
  });
});

describe('why a launch does not come', () => {
  const activity = (over: Partial<Activity> = {}): Activity => ({
    Description: 'Launching a new EC2 instance',
    StatusCode: 'Failed',
    StatusMessage: 'We currently do not have sufficient c7i.xlarge capacity.',
    StartTime: new Date(BEGIN_MS + 6000),
    ...over,
  });
  const launch = ledgers.asked(begun(), 1, 'one', BEGIN_MS).launches[0];
  const why = (...activities: Activity[]) => launch && ledgers.launchFailure(launch, activities);

  it('is what the last attempt since has met', () => {
    expect(why(activity())).toEqual({
      code: 'CLOUD_NO_CAPACITY',
      message: 'We currently do not have sufficient c7i.xlarge capacity.',
    });
  });

  it.each([
    ['nothing was tried', []],
    ['it failed before', [activity({ StartTime: new Date(BEGIN_MS - 1000) })]],
    ['something else failed', [activity({ Description: 'Terminating EC2 instance: i-1' })]],
    ['the last attempt has worked', [activity({ StatusCode: 'Successful' }), activity()]],
    ['the last attempt was called off', [activity({ StatusCode: 'Cancelled' }), activity()]],
  ])('is not known when %s', (_, activities) => {
    expect(why(...activities)).toBeUndefined();
  });

  it('is still known while another attempt is under way', () => {
    expect(why(activity({ StatusCode: 'InProgress' }), activity())).toBeDefined();
  });

  it('has the times of AWS, which are whole seconds', () => {
    expect(why(activity({ StartTime: new Date(BEGIN_MS - 999) }))).toBeDefined();
  });

  it('is in the description where AWS says no more', () => {
    const { StatusMessage: _, ...bare } = activity();
    expect(why(bare)?.message).toBe('Launching a new EC2 instance');
  });

  it('is not asked of one that has a name', () => {
    const named = ledgers.launchedAs(begun(), [{ id: 'i-1', zone: null }], 'one', BEGIN_MS).launches[0];
    expect(named && ledgers.launchFailure(named, [activity()])).toBeUndefined();
  });
});

describe('whether a member can be released', () => {
  const running = { state: 'running' } as const;
  const free = { min: 1, refreshing: false };
  const two = group(2);

  it.each([
    ['it runs and more are wanted than at least', running, two, free, true],
    ['it leaves', { state: 'leaving' } as const, two, free, false],
    ['the group is at the minimum', running, group(1), free, false],
    ['the group is below the minimum', running, group(1), { ...free, min: 2 }, false],
    ['the group is being deleted', running, { ...two, Status: 'Delete in progress' }, free, false],
    ['a refresh works', running, two, { ...free, refreshing: true }, false],
    [
      'Terminate is suspended',
      running,
      { ...two, SuspendedProcesses: [{ ProcessName: 'Terminate' }] },
      free,
      false,
    ],
    [
      'something else is suspended',
      running,
      { ...two, SuspendedProcesses: [{ ProcessName: 'AZRebalance' }] },
      free,
      true,
    ],
  ])('%s', (_, status, of, fleet, ok) => {
    expect(releasable(status, of, fleet).ok).toBe(ok);
  });
});
