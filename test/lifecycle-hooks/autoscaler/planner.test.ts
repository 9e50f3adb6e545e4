import { afterFailure, emptyMemory, type Memory } from '@holdfast/lifecycle-hooks/autoscaler/memory.ts';
import type { Observation, ObservedNode } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { plan } from '@holdfast/lifecycle-hooks/autoscaler/planner.ts';
import type { ScalingPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import { noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { meetingShares, sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { expectMeeting } from '@holdfast/media-server/capacity/reservations.ts';
import { scalingDecision } from '@holdfast/media-server/protocol/index.ts';
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

  const full = observation([node('a', [400, 400]), node('b', [400, 400])]);
  const noChoice = { restsUntilMs: new Map([['any zone, local, any market', nowMs + policy.restMs]]) };

  it('no more with one decision than it may', () => {
    const seen = { ...full, platform: { ...full.platform, demand: demandOf('refused', 400, 9) } };
    expect(first(seen, { policy: { launchesAtOnce: 2 } })).toMatchObject({ type: 'grow', to: 4 });
  });

  it('exactly what is below the minimum, and looks again before anything else', () => {
    expect(plan(full, { ...policy, minNodes: 3 }, emptyMemory, nowMs).decisions).toEqual([
      expect.objectContaining({ type: 'grow', to: 3 }),
    ]);
  });

  it('nothing while every choice rests, be it for room or for the minimum', () => {
    const held = {
      type: 'hold',
      reason: expect.stringContaining('every choice of zone and type has failed'),
    };
    expect(first(full, { memory: noChoice })).toMatchObject(held);
    expect(plan(full, { ...policy, minNodes: 3 }, { ...emptyMemory, ...noChoice }, nowMs).decisions).toEqual([
      {
        type: 'hold',
        reason: 'the fleet is below its minimum of 3; every choice of zone and type has failed lately',
      },
    ]);
  });

  it('nothing on what the cloud said too long ago, and does nothing else either', () => {
    const old = { ...full, fleet: { ...full.fleet, asOfMs: nowMs - 60_001 } };
    expect(plan(old, policy, emptyMemory, nowMs).decisions).toEqual([
      { type: 'hold', reason: 'what the cloud says is 60 s old' },
    ]);
    const justNotOld = { ...full, fleet: { ...full.fleet, asOfMs: nowMs - 60_000 } };
    expect(first(justNotOld).type).toBe('grow');
  });
});

describe('the planner takes back', () => {
  it('of its drains the one with most people, and of equal ones always the same', () => {
    const lacking = [node('a', [400, 400])];
    const drains = (people: Readonly<Record<string, number>>) =>
      Object.entries(people).map(([id, participants]) => draining(id, [10, 0], { participants }));
    expect(first(observation([...lacking, ...drains({ b: 3, c: 9, d: 5 })]))).toMatchObject({ nodeId: 'c' });
    expect(first(observation([...lacking, ...drains({ d: 3, b: 3, c: 3 })]))).toMatchObject({ nodeId: 'b' });
  });

  it('none that could not be taken back a moment ago, and none that is released', () => {
    const seen = observation([
      node('a', [400, 400]),
      draining('b', [10, 0], { participants: 9 }),
      draining('c', [10, 0]),
      draining('d', [0, 0], { participants: 9, drain: 'released' }),
    ]);
    const memory = {
      ...emptyMemory,
      restsUntilMs: new Map([
        ['b', nowMs + 1000],
        ['d', nowMs + 1000],
      ]),
    };
    expect(first(seen, { memory })).toMatchObject({ type: 'cancel-drain', nodeId: 'c' });
  });

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
    const types = (seen: Observation) =>
      plan(seen, policy, emptyMemory, nowMs).decisions.map(({ type }) => type);
    expect(first(released)).toMatchObject({ type: 'release', nodeId: 'b' });
    expect(types(released)).toEqual(['release', 'grow']);
    // Nor is it one that still gives up its meetings.
    expect(types(observation([node('a', [100, 0]), draining('b', [0, 0], { drain: 'released' })]))).toEqual([
      'release',
    ]);
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

  it('one although a machine that the cloud has no more is silent: it died, and will not be back', () => {
    const died = (about: Partial<ObservedNode>) =>
      observation([...two, node('c', [0, 0], { state: 'unreachable', ...about })], {
        fleet: { members: [member('a'), member('b')] },
      });
    expect(first(died({}), { memory: surplus }).type).toBe('drain');
    const inItsDrain = died({ drain: 'draining', drainedBy: 'autoscaler' });
    expect(first(inItsDrain, { memory: surplus }).type).toBe('drain');
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

  it('none soon after a launch, and one as soon as that is long enough ago', () => {
    const grown = (agoMs: number) => ({ ...surplus, grownAtMs: nowMs - agoMs });
    expect(first(observation(two), { memory: grown(policy.graceMs - 1) })).toEqual({
      type: 'hold',
      reason: 'machines were launched 300 s ago',
    });
    expect(first(observation(two), { memory: grown(policy.graceMs) }).type).toBe('drain');
  });

  it('none that is younger than the grace, and one that is just as old', () => {
    const aged = (ageMs: number) =>
      observation(two, {
        fleet: { members: ['a', 'b'].map((id) => member(id, { launchedAtMs: nowMs - ageMs })) },
      });
    expect(first(aged(policy.graceMs - 1), { memory: surplus }).type).toBe('hold');
    expect(first(aged(policy.graceMs), { memory: surplus }).type).toBe('drain');
  });

  it('none while a machine is wanted that the cloud does not list yet', () => {
    const seen = observation(two, { fleet: { members: [member('a'), member('b')], wanted: 3 } });
    expect(first(seen, { memory: surplus })).toEqual({ type: 'hold', reason: '1 machine on the way' });
  });

  it('one although a meeting is announced for later, and although the load of a machine that drains is not known', () => {
    const announced = {
      kind: 'announced',
      meetingId: 'm',
      shares: sharesOf(4),
      startsAtMs: nowMs + 3_600_000,
    } as const;
    const later = observation(two, { platform: { demand: wish(noDemand, announced, nowMs) } });
    expect(first(later, { memory: surplus }).type).toBe('drain');
    const others = draining('c', [10, 0], { drainedBy: 'others', processCpu: null });
    expect(first(observation([...two, others]), { memory: surplus }).type).toBe('drain');
  });

  it('of machines with as many people the one with fewer meetings, promised ones counted, else always the same', () => {
    const of = (id: string, streams: number[]) => node(id, streams, { participants: 4 });
    const victim = (nodes: ReturnType<typeof of>[], reservations = expectMeeting([], promise('c'), nowMs)) =>
      first(observation(nodes, { platform: { reservations } }), { memory: surplus });
    const promise = (nodeId: string) => ({
      meetingId: 'm',
      nodeId,
      expectedParticipants: 2,
      startsAtMs: null,
    });
    expect(victim([of('a', [10, 10]), of('b', [20, 0]), of('c', [20, 0])])).toMatchObject({ nodeId: 'b' });
    expect(victim([of('c', [20, 0]), of('b', [10, 10])])).toMatchObject({ nodeId: 'b' });
    expect(victim([of('b', [20, 0]), of('a', [20, 0])], [])).toEqual({
      type: 'drain',
      nodeId: 'a',
      reason:
        'a: surplus for 300 s; 1 meeting with 4 people would have room elsewhere with the headroom still there',
    });
    expect(victim([of('b', [20, 0]), node('a', [0, 0])], [])).toMatchObject({
      reason: 'a: surplus for 300 s; it holds nothing',
    });
  });

  it('forgets since when a machine was surplus as soon as none is, and when it has begun to give one back', () => {
    const since = (seen: Observation, about: Partial<ScalingPolicy> = {}) =>
      plan(seen, { ...policy, ...about }, { ...emptyMemory, ...surplus }, nowMs).memory.surplusSinceMs;
    const old = { asOfMs: nowMs - 60_001 };
    expect({
      noMore: since(observation([node('a', [300, 0]), node('b', [300, 0])])),
      minimum: since(observation(two), { minNodes: 2 }),
      lacking: since(observation([node('a', [400, 400])])),
      unknown: since(observation([node('a', [100, 0], { processCpu: null }), node('b', [50, 0])])),
      deafToNodes: since(observation(two, { platform: old })),
      deafToCloud: since(observation(two, { fleet: old })),
      begun: since(observation(two)),
      replacing: since(observation(two, { fleet: { generation: 'g2' } })),
      oldOnesHeld: since(observation([node('a', [300, 0])], { fleet: { generation: 'g2' } })),
    }).toEqual({
      noMore: null,
      minimum: null,
      lacking: null,
      unknown: null,
      deafToNodes: null,
      deafToCloud: null,
      begun: null,
      replacing: null,
      oldOnesHeld: null,
    });
    expect(since(observation(two), { surplusForMs: 300_001 })).toBe(surplus.surplusSinceMs);
  });

  it('no further one while it takes a drain back', () => {
    const members = [member('a'), member('b'), member('c', { releasable: { ok: false, why: 'locked' } })];
    const seen = observation([...two, draining('c', [10, 0])], { fleet: { members } });
    const { decisions } = plan(seen, { ...policy, drainsAtOnce: 2 }, { ...emptyMemory, ...surplus }, nowMs);
    expect(decisions.map(({ type }) => type)).toEqual(['cancel-drain']);
  });

  it('of what drains only what has drained and holds nothing', () => {
    const types = (...[about, streams]: [Parameters<typeof draining>[2], number[]]) =>
      plan(
        observation([node('a', [0, 0]), draining('b', streams, about)]),
        policy,
        emptyMemory,
        nowMs,
      ).decisions.map(({ type }) => type);
    expect(types({ drain: 'draining' }, [0, 0])).toEqual(['hold']);
    expect(types({ drain: 'drained' }, [10, 0])).toEqual(['hold']);
    expect(types({ drain: 'drained' }, [0, 0])).toEqual(['release']);
  });

  it('nothing while the only thing to do is a drain that could not be helped a moment ago', () => {
    const seen = observation([node('a', [0, 0]), draining('b', [10, 0])]);
    const restsUntilMs = new Map([['b', nowMs + 1]]);
    expect(plan(seen, policy, { ...emptyMemory, restsUntilMs }, nowMs).decisions).toEqual([
      { type: 'hold', reason: 'nothing to do' },
    ]);
  });

  it('nothing of a machine that the cloud does not know, or that could not be released a moment ago', () => {
    const gone = draining('b', [0, 0], { drain: 'drained' });
    const unlisted = observation([node('a', [0, 0]), gone], { fleet: { members: [member('a')] } });
    const released = observation([node('a', [0, 0]), { ...gone, drain: 'released' }], {
      fleet: { members: [member('a')] },
    });
    const resting = { restsUntilMs: new Map([['b', nowMs + 1]]) };
    const of = (seen: Observation, memory: Partial<Memory> = {}) =>
      plan(seen, policy, { ...emptyMemory, ...memory }, nowMs).decisions.flatMap((decision) =>
        'nodeId' in decision && decision.nodeId === 'b' ? [decision.type] : [],
      );
    expect(of(unlisted)).toEqual([]);
    expect(of(released)).toEqual([]);
    expect(of(observation([node('a', [0, 0]), gone]), resting)).toEqual([]);
    expect(of(observation([node('a', [0, 0]), gone]))).toEqual(['release']);
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

  it('waits while nothing of it can be launched', () => {
    const seen = rolling([node('old', [100, 0])], ['g1']);
    const restsUntilMs = new Map([['any zone, local, any market', nowMs + policy.restMs]]);
    expect(first(seen, { memory: { restsUntilMs } })).toMatchObject({ type: 'hold' });
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
    expect(first(late(nowMs - 600_000))).toEqual({
      type: 'give-up',
      nodeId: 'b',
      reason: 'b: launched 600 s ago and has not arrived',
    });
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

  it('is given up however much the cloud has to say about it: whoever keeps decisions takes so much and no more', () => {
    const failure = { code: 'CLOUD_DENIED', message: 'encoded '.repeat(1000) } as const;
    const seen = observation([node('a', [400, 0])], {
      fleet: { members: [member('a'), member('b', { status: { state: 'failed', failure } })] },
    });
    const decision = first(seen, { memory: { troubledSinceMs: new Map([['b', nowMs - 60_000]]) } });
    expect(decision).toMatchObject({ type: 'give-up', reason: expect.stringMatching(/^b: failed: encoded/) });
    expect(scalingDecision.safeParse(decision).success).toBe(true);
  });

  it('is given up also where no machine runs, and one that may not be released: it holds nobody', () => {
    const failure = { code: 'CLOUD_QUOTA', message: 'no more' } as const;
    const releasable = { ok: false, why: 'locked' } as const;
    const seen = observation([], {
      fleet: { members: [member('b', { status: { state: 'failed', failure }, releasable })] },
    });
    expect(first(seen)).toMatchObject({ type: 'give-up', nodeId: 'b' });
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

  it('is not made more likely by machines that do not run yet: of three that run two are many', () => {
    const silent = { troubledSinceMs: new Map(['b', 'c'].map((id) => [id, nowMs - 600_000])) };
    const launching = ['d', 'e', 'f', 'g', 'h', 'i', 'j'].map((id) =>
      member(id, { status: { state: 'launching' }, launchedAtMs: nowMs }),
    );
    const members = [...['a', 'b', 'c'].map((id) => member(id)), ...launching];
    const seen = observation([node('a', [400, 0])], { fleet: { members } });
    expect(first(seen, { memory: silent }).type).toBe('hold');
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
