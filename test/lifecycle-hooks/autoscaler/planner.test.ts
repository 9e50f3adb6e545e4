import { afterFailure, emptyMemory, type Memory } from '@holdfast/lifecycle-hooks/autoscaler/memory.ts';
import type { Observation } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { plan } from '@holdfast/lifecycle-hooks/autoscaler/planner.ts';
import type { ScalingPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import { noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { meetingShares, sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { expectMeeting } from '@holdfast/media-server/capacity/reservations.ts';
import { describe, expect, it } from 'vitest';
import { draining, member, node, nowMs, observation, policy } from './observations.ts';

const first = (
  seen: Observation,
  about: { policy?: Partial<ScalingPolicy>; memory?: Partial<Memory>; atMs?: number } = {},
) =>
  plan(seen, { ...policy, ...about.policy }, { ...emptyMemory, ...about.memory }, about.atMs ?? nowMs)
    .decisions[0];
const surplus = { surplusSinceMs: nowMs - 300_000 };
const demandOf = (kind: 'refused' | 'waiting', streams: number, count = 1) =>
  Array.from({ length: count }, (_, index) => index).reduce(
    (demand, index) => wish(demand, { kind, meetingId: `w${index}`, shares: sharesOf(streams) }, nowMs),
    noDemand,
  );

describe('the planner launches', () => {
  it('before the running machine is full: when the headroom of free workers is used', () => {
    expect(first(observation([node('a', [300, 0])]))).toMatchObject({ type: 'hold' });
    expect(first(observation([node('a', [300, 100])]))).toEqual({
      type: 'grow',
      to: 2,
      prefer: { machineType: 'local' },
      reason: '0.8 workers are free, 1 are to be; 1 → 2 as any zone, local, any market',
    });
  });

  it('what those who were refused need, and no more', () => {
    // A worker free is the headroom; five meetings of a whole worker need three machines of two, and one worker is left.
    const seen = observation([node('a', [400, 400])], { platform: { demand: demandOf('refused', 400, 5) } });
    expect(first(seen)).toMatchObject({ type: 'grow', to: 4 });
  });

  it('for an announced meeting when a launch takes as long as is left, and not before', () => {
    const announced = (inMs: number) =>
      observation([node('a', [100, 0])], {
        platform: {
          demand: wish(
            noDemand,
            {
              kind: 'announced',
              startsAtMs: nowMs + inMs,
              meetingId: 'm',
              shares: meetingShares({ participants: 20 }),
            },
            nowMs,
          ),
        },
      });
    expect(first(announced(600_001))).toMatchObject({ type: 'hold' });
    expect(first(announced(600_000))).toMatchObject({ type: 'grow', to: 2 });
  });

  it('for moves of a drain of somebody else that find no room, unless they are under way', () => {
    const cloud = node('b', [300, 300], { state: 'draining', drain: 'draining', drainedBy: 'others' });
    const nodes = [node('a', [200, 0]), cloud];
    expect(first(observation(nodes))).toMatchObject({
      type: 'grow',
      to: 3,
      reason: expect.stringContaining('1 of 2 meetings'),
    });
    const reservations = ['b-0', 'b-1'].map((meetingId) => ({
      meetingId,
      nodeId: 'elsewhere',
      purpose: 'move' as const,
      shares: [],
      madeAtMs: nowMs,
      keptUntilMs: nowMs + 1,
      decays: false,
    }));
    expect(first(observation(nodes, { platform: { reservations } }))).toMatchObject({ type: 'hold' });
  });

  it('so that the failure of the fullest machine costs nobody a place', () => {
    const seen = observation([node('a', [300, 0]), node('b', [200, 0])]);
    expect(first(seen, { policy: { surviveOneFailure: true } })).toMatchObject({ type: 'hold' });
    const heavy = observation([node('a', [300, 300, 300, 300]), node('b', [200, 0])]);
    expect(first(heavy, { policy: { surviveOneFailure: true } })).toMatchObject({
      type: 'grow',
      to: 4,
      reason: expect.stringContaining('if a failed, 3 of its 4 meetings would find no room'),
    });
  });

  it('to the minimum, also when the control plane is not heard', () => {
    const seen = observation([], { platform: { asOfMs: 0 } });
    expect(first(seen, { policy: { minNodes: 3 } })).toMatchObject({ type: 'grow', to: 3 });
  });

  it('nothing above the maximum, of the policy and of the cloud, and says so', () => {
    const full = observation([node('a', [400, 400])]);
    const held = { type: 'hold', reason: expect.stringContaining('at its maximum of 1') };
    expect(first(full, { policy: { maxNodes: 1 } })).toMatchObject(held);
    expect(first({ ...full, fleet: { ...full.fleet, limits: { min: 0, max: 1 } } })).toMatchObject(held);
  });

  it('nothing while what is on its way is enough, listed or not', () => {
    const a = node('a', [400, 400]);
    const launching = observation([a], {
      fleet: { members: [member('a'), member('b', { status: { state: 'launching' }, launchedAtMs: nowMs })] },
    });
    expect(first(launching)).toMatchObject({ type: 'hold' });
    const unlisted = observation([a], { fleet: { wanted: 2, members: [member('a')] } });
    expect(first(unlisted)).toMatchObject({ type: 'hold' });
    const unheard = observation([a], {
      fleet: { members: [member('a'), member('b', { launchedAtMs: nowMs - 1000 })] },
    });
    expect(first(unheard)).toMatchObject({ type: 'hold' });
  });

  it('nothing for a meeting that no machine of its own could hold', () => {
    const wide = [1, 2, 3].flatMap(() => sharesOf(400));
    const demand = wish(noDemand, { kind: 'refused', meetingId: 'wide', shares: wide }, nowMs);
    expect(first(observation([node('a', [0, 0])], { platform: { demand } }))).toMatchObject({ type: 'hold' });
  });

  it('not because a load is not known for a moment', () => {
    const a = node('a', [100, 0], { processCpu: null });
    expect(first(observation([a]))).toMatchObject({ type: 'hold' });
  });

  it('elsewhere when a choice has failed, and the first again when all have, after a minute', () => {
    const choices = [
      { machineType: 'local', workers: 2, zone: 'zone-1' },
      { machineType: 'local', workers: 2, zone: 'zone-2' },
    ];
    const full = observation([node('a', [400, 400])]);
    const p = { ...policy, choices };
    const one = plan(full, p, emptyMemory, nowMs);
    const failed = afterFailure(one.memory, one.decisions[0], p.restMs, nowMs);
    const two = plan(full, p, failed, nowMs);
    expect(two.decisions[0]).toMatchObject({ prefer: { zone: 'zone-2' } });
    const both = afterFailure(two.memory, two.decisions[0], p.restMs, nowMs);
    expect(plan(full, p, both, nowMs).decisions[0]).toMatchObject({
      type: 'hold',
      reason: expect.stringContaining('every choice'),
    });
    expect(
      first(
        { ...full, fleet: { ...full.fleet, asOfMs: nowMs + 60_000 } },
        { policy: p, memory: both, atMs: nowMs + 60_000 },
      ),
    ).toMatchObject({
      prefer: { zone: 'zone-1' },
    });
  });
});

describe('the planner takes back', () => {
  it('a drain of its own before it launches anything', () => {
    const seen = observation([node('a', [400, 400]), draining('b', [10, 0])]);
    expect(first(seen)).toMatchObject({ type: 'cancel-drain', nodeId: 'b' });
    const empty = observation([node('a', [400, 400]), draining('b', [0, 0], { drain: 'drained' })]);
    expect(first(empty)).toMatchObject({ type: 'cancel-drain', nodeId: 'b' });
  });

  it("never somebody else's drain, and none that is released", () => {
    const others = observation([node('a', [400, 400]), draining('b', [0, 0], { drainedBy: 'others' })]);
    expect(first(others)).toMatchObject({ type: 'grow', to: 3 });
    const released = observation([node('a', [400, 400]), draining('b', [0, 0], { drain: 'released' })]);
    expect(first(released)).toMatchObject({ type: 'release', nodeId: 'b' });
  });

  it('a drain whose machine cannot be released any more', () => {
    const seen = observation([node('a', [0, 0]), draining('b', [10, 0])], {
      fleet: { members: [member('a'), member('b', { releasable: { ok: false, why: 'locked' } })] },
    });
    expect(first(seen)).toMatchObject({
      type: 'cancel-drain',
      nodeId: 'b',
      reason: expect.stringContaining('locked'),
    });
  });
});

describe('the planner gives back', () => {
  const two = [node('a', [100, 0]), node('b', [50, 0])];

  it('a machine whose meetings fit elsewhere with the headroom still there, when that has lasted', () => {
    const seen = observation([node('a', [100, 0]), node('b', [50, 0])]);
    const looked = plan(seen, policy, emptyMemory, nowMs);
    expect(looked.decisions[0]).toMatchObject({
      type: 'hold',
      reason: expect.stringContaining('is surplus, for 0 s of 300 s'),
    });
    expect(looked.memory.surplusSinceMs).toBe(nowMs);
    expect(first(seen, { memory: { surplusSinceMs: nowMs - 299_999 } })).toMatchObject({ type: 'hold' });
    expect(first(seen, { memory: surplus })).toMatchObject({ type: 'drain' });
  });

  it('the one that is cheapest to evacuate: fewest people', () => {
    const seen = observation([
      node('a', [100, 0], { participants: 9 }),
      node('b', [150, 0], { participants: 3 }),
      node('c', [0, 0]),
    ]);
    expect(first(seen, { memory: surplus })).toMatchObject({ type: 'drain', nodeId: 'c' });
    const held = observation([
      node('a', [100, 0], { participants: 9 }),
      node('b', [150, 0], { participants: 3 }),
    ]);
    expect(first(held, { memory: surplus })).toMatchObject({ type: 'drain', nodeId: 'b' });
  });

  it('none whose meetings would use up the headroom', () => {
    const seen = observation([node('a', [300, 0]), node('b', [300, 0])]);
    expect(first(seen, { memory: surplus })).toMatchObject({ type: 'hold' });
  });

  it('none that an announced meeting is kept on, if that would not fit elsewhere', () => {
    const promised = expectMeeting(
      [],
      { meetingId: 'm', nodeId: 'b', expectedParticipants: 20, startsAtMs: null },
      nowMs,
    );
    const seen = observation([node('a', [100, 0]), node('b', [0, 0])], {
      platform: { reservations: promised },
    });
    expect(first(seen, { memory: surplus })).toMatchObject({ type: 'hold' });
    expect(first(observation([node('a', [100, 0]), node('b', [0, 0])]), { memory: surplus })).toMatchObject({
      type: 'drain',
    });
  });

  it.each([
    ['whose load is not known', [node('a', [100, 0], { processCpu: null }), node('b', [50, 0])], {}],
    ['while a node is not reachable', [...two, node('c', [0, 0], { state: 'unreachable' })], {}],
    ['while somebody asks for room', two, { platform: { demand: demandOf('refused', 4) } }],
    ['on what is not known any more', two, { platform: { asOfMs: nowMs - 60_001 } }],
    ['on what the cloud said long ago', two, { fleet: { asOfMs: nowMs - 60_001 } }],
    ['when another is being given back', [...two, draining('c', [10, 0])], {}],
    [
      'while machines are on their way',
      two,
      {
        fleet: {
          members: [
            member('a'),
            member('b'),
            member('c', { status: { state: 'launching' }, launchedAtMs: nowMs }),
          ],
        },
      },
    ],
    [
      'while one has failed',
      two,
      {
        fleet: {
          members: [
            member('a'),
            member('b'),
            member('c', { status: { state: 'failed', failure: { code: 'NOT_READY', message: 'it ended' } } }),
          ],
        },
      },
    ],
    [
      'that is new',
      two,
      { fleet: { members: [member('a', { launchedAtMs: nowMs }), member('b', { launchedAtMs: nowMs })] } },
    ],
    [
      'that the cloud would not release, before its first meeting moves',
      two,
      {
        fleet: {
          members: ['a', 'b'].map((id) => member(id, { releasable: { ok: false, why: 'a refresh' } })),
        },
      },
    ],
  ] as const)('none %s', (_, nodes, about) => {
    expect(first(observation(nodes, about), { memory: surplus }).type).toBe('hold');
  });

  it('a second one beside the first, where two may go at once', () => {
    const seen = observation([...two, draining('c', [10, 0])]);
    expect(first(seen, { memory: surplus, policy: { drainsAtOnce: 2 } })).toMatchObject({
      type: 'drain',
      nodeId: 'a',
    });
    expect(first(seen, { memory: surplus, policy: { drainsAtOnce: 1 } }).type).toBe('hold');
  });

  it('nothing below the minimum, nor soon after a launch', () => {
    expect(first(observation(two), { memory: surplus, policy: { minNodes: 2 } })).toMatchObject({
      reason: 'the fleet is at its minimum',
    });
    expect(first(observation(two), { memory: { ...surplus, grownAtMs: nowMs - 1000 } }).type).toBe('hold');
  });

  it('an empty machine to the cloud, and not one that still holds a meeting', () => {
    expect(
      first(observation([node('a', [0, 0]), draining('b', [0, 0], { drain: 'drained' })])),
    ).toMatchObject({ type: 'release', nodeId: 'b' });
    expect(first(observation([node('a', [0, 0]), draining('b', [10, 0])]))).toMatchObject({
      type: 'hold',
      reason: 'b gives up its meetings, 1 left',
    });
  });
});

describe('a new generation', () => {
  const rolling = (nodes: Parameters<typeof observation>[0], generations: readonly string[]) =>
    observation(nodes, {
      fleet: {
        generation: 'g2',
        members: nodes.map(({ nodeId }, index) => member(nodeId, { generation: generations[index] ?? 'g1' })),
      },
    });

  it('makes the old one surplus at once, when the new one carries the load', () => {
    const seen = rolling([node('old', [100, 0]), node('new', [0, 0])], ['g1', 'g2']);
    expect(first(seen)).toMatchObject({
      type: 'drain',
      nodeId: 'old',
      reason: expect.stringContaining('old generation'),
    });
  });

  it('launches one first where there is no room, also at the minimum', () => {
    const seen = rolling([node('old', [100, 0])], ['g1']);
    expect(first(seen)).toMatchObject({ type: 'grow', to: 2 });
  });

  it('launches no more when the old ones cannot go anyway', () => {
    const seen = observation([node('old', [100, 0])], {
      fleet: { generation: 'g2', members: [member('old', { releasable: { ok: false, why: 'locked' } })] },
    });
    expect(first(seen)).toMatchObject({ type: 'hold', reason: expect.stringContaining('none may go') });
  });

  it('is what the cloud launches, not what the newest node is: a roll-back goes back', () => {
    const seen = rolling([node('a', [50, 0], { generation: 'g2' }), node('b', [0, 0])], ['g3', 'g2']);
    expect(first(seen)).toMatchObject({ type: 'drain', nodeId: 'a' });
  });
});

describe('a launch that never arrives', () => {
  const late = (launchedAtMs: number) =>
    observation([node('a', [400, 0])], {
      fleet: { members: [member('a'), member('b', { status: { state: 'launching' }, launchedAtMs })] },
    });

  it('is given up at its deadline, and the room is looked for elsewhere', () => {
    expect(first(late(nowMs - 599_999)).type).toBe('hold');
    expect(first(late(nowMs - 600_000))).toMatchObject({ type: 'give-up', nodeId: 'b' });
    const { memory } = plan(late(nowMs - 600_000), policy, emptyMemory, nowMs);
    expect([...memory.restsUntilMs.keys()]).toEqual(['any zone, local, any market']);
  });

  it('because the cloud has none is given up at once', () => {
    const failure = { code: 'CLOUD_NO_CAPACITY', message: 'no c-4 left' } as const;
    const seen = observation([node('a', [400, 0])], {
      fleet: { members: [member('a'), member('b', { status: { state: 'failed', failure } })] },
    });
    expect(first(seen)).toMatchObject({
      type: 'give-up',
      nodeId: 'b',
      reason: expect.stringContaining('no c-4 left'),
    });
  });

  it('a machine that failed for another reason is left to its group for a minute', () => {
    const failure = { code: 'NOT_READY', message: 'it ended' } as const;
    const seen = observation([node('a', [400, 0])], {
      fleet: { members: [member('a'), member('b', { status: { state: 'failed', failure } })] },
    });
    expect(first(seen).type).toBe('hold');
    expect(first(seen, { memory: { troubledSinceMs: new Map([['b', nowMs - 60_000]]) } })).toMatchObject({
      type: 'give-up',
      nodeId: 'b',
    });
  });

  it('and one that runs at the cloud and was never heard of is released, when the control plane listens', () => {
    const silent = { troubledSinceMs: new Map([['b', nowMs - 600_000]]) };
    const seen = observation([node('a', [400, 0])], { fleet: { members: [member('a'), member('b')] } });
    expect(first(seen).type).toBe('hold');
    expect(first(seen, { memory: silent })).toMatchObject({ type: 'release', nodeId: 'b' });
    const deaf = { ...seen, platform: { ...seen.platform, asOfMs: nowMs - 60_001 } };
    expect(first(deaf, { memory: silent }).type).toBe('hold');
  });

  it('but not when many are not heard of: then it is rather us; room is made all the same', () => {
    const ids = ['b', 'c'];
    const silent = { troubledSinceMs: new Map(ids.map((id) => [id, nowMs - 600_000])) };
    const seen = observation([node('a', [400, 0])], {
      fleet: { members: ['a', ...ids].map((id) => member(id)) },
    });
    expect(first(seen, { memory: silent }).type).toBe('hold');
    const alone = observation([], { fleet: { members: [member('b')] } });
    expect(first(alone, { memory: silent })).toMatchObject({ type: 'grow', to: 2 });
  });

  it('blocks nobody else when it cannot be given up', () => {
    const seen = late(nowMs - 600_000);
    const { memory, decisions } = plan(seen, policy, emptyMemory, nowMs);
    const after = afterFailure(memory, decisions[0], policy.restMs, nowMs);
    const full = { ...seen, platform: { ...seen.platform, nodes: [node('a', [400, 400])] } };
    const later = {
      ...full,
      fleet: { ...full.fleet, asOfMs: nowMs + 60_000 },
      platform: { ...full.platform, asOfMs: nowMs + 60_000 },
    };
    expect(plan(later, policy, after, nowMs + 60_000).decisions[0]).toMatchObject({ type: 'grow', to: 3 });
  });
});
