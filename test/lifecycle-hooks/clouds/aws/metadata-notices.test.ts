import {
  heard,
  type Situation,
  terminationId,
} from '@holdfast/lifecycle-hooks/clouds/aws/metadata-notices.ts';
import type { Reading, Readings } from '@holdfast/lifecycle-hooks/clouds/aws/metadata-reading.ts';
import type { Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';

const NOW_MS = Date.parse('2027-01-18T08:20:00Z');
const said = (text: string): Reading => ({ kind: 'said', text });
const nothing: Reading = { kind: 'nothing' };
const unanswered: Reading = {
  kind: 'unanswered',
  error: new HoldfastError('CLOUD_UNREACHABLE', 'no answer'),
};

const readings = (over: Partial<Readings> = {}): Readings => ({
  lifecycle: said('InService'),
  spot: nothing,
  rebalance: nothing,
  maintenance: said('[]'),
  ...over,
});

const situation = (over: Partial<Situation> = {}): Situation => ({
  instanceId: 'i-1',
  nowMs: NOW_MS,
  termination: undefined,
  heartbeatTimeoutMs: 300_000,
  maintenanceLeadMs: 600_000,
  ...over,
});

const notices = (over: Partial<Readings>, at: Partial<Situation> = {}, known: readonly Notice[] = []) =>
  heard(known, readings(over), situation(at)).notices;

const record = { instanceId: 'i-1', heardAtMs: NOW_MS - 1000, completed: false };

describe('the notices in the metadata', () => {
  it('are none when there is nothing to say', () => {
    expect(heard([], readings(), situation())).toEqual({ notices: [], unreadable: [] });
    expect(notices({ lifecycle: nothing })).toEqual([]);
  });

  it.each(['Detached', 'Standby', 'Warmed:Stopped'])('are none when the machine is to be %s', (target) => {
    expect(notices({ lifecycle: said(target) })).toEqual([]);
  });

  it('a termination is one that can be extended and completed', () => {
    expect(notices({ lifecycle: said('Terminated\n') }, { termination: record })).toEqual([
      {
        id: terminationId('i-1'),
        kind: 'scale-in',
        urgency: 'order',
        source: 'imds:autoscaling/target-lifecycle-state',
        nodeId: 'i-1',
        status: 'pending',
        deadline: { kind: 'unknown', assumedAtMs: NOW_MS - 1000 },
        canExtend: true,
        canComplete: true,
        coupledNodeIds: [],
      },
    ]);
    expect(notices({ lifecycle: said('Terminated') })[0]?.deadline).toEqual({
      kind: 'unknown',
      assumedAtMs: NOW_MS,
    });
  });

  it('a termination that began after the agent has a heartbeat from when nothing was said of it', () => {
    const termination = { ...record, quietUntilMs: NOW_MS - 3000 };
    expect(notices({ lifecycle: said('Terminated') }, { termination })[0]?.deadline).toEqual({
      kind: 'unknown',
      assumedAtMs: NOW_MS + 297_000,
    });
  });

  it('a termination with a deadline can be extended as long as there is more to be had', () => {
    const extended = (deadlineMs: number, limitMs?: number) => {
      const termination = { ...record, deadlineMs, ...(limitMs === undefined ? {} : { limitMs }) };
      return notices({ lifecycle: said('Terminated') }, { termination })[0];
    };
    expect(extended(NOW_MS + 5)).toMatchObject({
      deadline: { kind: 'known', atMs: NOW_MS + 5 },
      canExtend: true,
    });
    expect(extended(NOW_MS + 5, NOW_MS + 6)).toMatchObject({ canExtend: true });
    expect(extended(NOW_MS + 5, NOW_MS + 5)).toMatchObject({ canExtend: false, canComplete: true });
  });

  it('a termination is taken back by its own word alone', () => {
    const known = notices({ lifecycle: said('Terminated') });
    expect(notices({ lifecycle: nothing }, {}, known)).toEqual([]);
    expect(notices({ lifecycle: unanswered }, {}, known)).toEqual([]);
    expect(notices({ lifecycle: said('Standby') }, {}, known)).toEqual([]);
    expect(notices({}, {}, known)).toEqual([
      { ...known[0], status: 'withdrawn', canExtend: false, canComplete: false },
    ]);
  });

  it('an interruption is an order with its time', () => {
    const spot = said('{"action":"stop","time":"2027-01-18T08:22:00Z"}');
    expect(notices({ spot })).toEqual([
      {
        id: `aws:spot:i-1:${NOW_MS + 120_000}`,
        kind: 'spot',
        urgency: 'order',
        source: 'imds:spot/instance-action',
        nodeId: 'i-1',
        status: 'pending',
        deadline: { kind: 'known', atMs: NOW_MS + 120_000 },
        canExtend: false,
        canComplete: false,
        coupledNodeIds: [],
      },
    ]);
  });

  it('an interruption is not taken back by silence', () => {
    const known = notices({ spot: said('{"action":"stop","time":"2027-01-18T08:22:00Z"}') });
    expect(notices({ spot: nothing }, {}, known)).toEqual([]);
  });

  it('a recommendation is advice without a deadline', () => {
    expect(notices({ rebalance: said('{"noticeTime":"2027-01-18T08:19:00Z"}') })).toEqual([
      expect.objectContaining({
        kind: 'spot',
        urgency: 'advice',
        deadline: { kind: 'unlimited' },
        canExtend: false,
        canComplete: false,
      }),
    ]);
  });

  const event = (over: object = {}) => ({
    NotBefore: '18 Jan 2027 08:40:00 GMT',
    NotAfter: '18 Jan 2027 09:17:23 GMT',
    Code: 'system-reboot',
    Description: 'scheduled reboot',
    EventId: 'instance-event-1',
    State: 'active',
    ...over,
  });
  const maintenance = (...events: object[]) => said(JSON.stringify(events));
  const beforeMs = NOW_MS + 20 * 60_000;

  it.each([
    [600_001, 'advice'],
    [600_000, 'order'],
    [-1, 'order'],
  ])('a maintenance in %s ms is an %s', (inMs, urgency) => {
    expect(notices({ maintenance: maintenance(event()) }, { nowMs: beforeMs - inMs })).toEqual([
      {
        id: 'aws:maintenance:instance-event-1',
        kind: 'maintenance',
        urgency,
        source: 'imds:events/maintenance/scheduled (system-reboot)',
        nodeId: 'i-1',
        status: 'pending',
        deadline: { kind: 'known', atMs: beforeMs },
        canExtend: false,
        canComplete: false,
        coupledNodeIds: [],
      },
    ]);
  });

  it('a maintenance that is over, called off or not listed any more is taken back', () => {
    const known = notices({
      maintenance: maintenance(event(), event({ EventId: 'instance-event-2' })),
      lifecycle: said('Terminated'),
      spot: said('{"action":"stop","time":"2027-01-18T08:22:00Z"}'),
    });
    const withdrawnBy = (reading: Reading) =>
      notices({ maintenance: reading, lifecycle: nothing }, {}, known)
        .filter(({ status }) => status === 'withdrawn')
        .map(({ id }) => id);
    const both = ['aws:maintenance:instance-event-1', 'aws:maintenance:instance-event-2'];
    expect(withdrawnBy(maintenance(event()))).toEqual([both[1]]);
    expect(
      withdrawnBy(maintenance(event(), event({ EventId: 'instance-event-2', State: 'canceled' }))),
    ).toEqual([both[1]]);
    expect(withdrawnBy(maintenance())).toEqual(both);
    expect(withdrawnBy(nothing)).toEqual(both);
    expect(withdrawnBy(unanswered)).toEqual([]);
    expect(withdrawnBy(said('not JSON'))).toEqual([]);
  });

  it.each([
    ['spot', '{"action":"sing","time":"2027-01-18T08:22:00Z"}'],
    ['spot', '{"action":"stop","time":"soon"}'],
    ['rebalance', '{}'],
    ['maintenance', JSON.stringify([{ ...event(), NotBefore: 'soon' }])],
    ['maintenance', 'x'.repeat(10_000)],
  ] as const)('what cannot be read (%s: %s) is said, and hides nothing else', (path, text) => {
    const result = heard([], readings({ lifecycle: said('Terminated'), [path]: said(text) }), situation());
    expect(result.unreadable).toEqual([text.slice(0, 500)]);
    expect(result.notices).toHaveLength(1);
  });
});
