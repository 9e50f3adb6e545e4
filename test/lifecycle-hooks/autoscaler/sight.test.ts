import type { Observation } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { Sight } from '@holdfast/lifecycle-hooks/autoscaler/sight.ts';
import { noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { Reservation } from '@holdfast/media-server/capacity/reservations.ts';
import { describe, expect, it } from 'vitest';
import { draining, member, node, nowMs, observation, policy } from './observations.ts';

const sightOf = (seen: Observation, about: Partial<typeof policy> = {}) =>
  new Sight(seen, { ...policy, ...about }, nowMs);
const leaving = (id: string) => member(id, { status: { state: 'leaving' } });
const failed = (id: string) =>
  member(id, { status: { state: 'failed', failure: { code: 'NOT_READY', message: 'it ended' } } });
const reserved = (purpose: Reservation['purpose'], meetingId: string): Reservation => ({
  meetingId,
  nodeId: 'a',
  purpose,
  shares: [],
  madeAtMs: nowMs,
  keptUntilMs: nowMs + 1000,
  decays: false,
});

describe('the machines that count', () => {
  it('are those that do not leave', () => {
    const sight = sightOf(observation([], { fleet: { members: [member('a'), leaving('b'), failed('c')] } }));
    expect(sight.staying.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(['a', 'b', 'nobody'].map((id) => sight.isLeaving(id))).toEqual([false, true, false]);
  });

  it('are on their way when they are launched or run, and the control plane has not heard of them', () => {
    const members = [
      member('heard'),
      member('launching', { status: { state: 'launching' } }),
      member('unheard'),
      failed('failed'),
      leaving('leaving'),
      member('hopeless'),
    ];
    const sight = sightOf(observation([node('heard', [0])], { fleet: { members } }));
    sight.hopeless.add('hopeless');
    expect(sight.arriving.map(({ id }) => id)).toEqual(['launching', 'unheard']);
  });

  it('are missing when the cloud wants them and does not list them yet', () => {
    expect(sightOf(observation([], { fleet: { members: [member('a')], wanted: 3 } })).missing).toBe(2);
    expect(sightOf(observation([], { fleet: { members: [member('a')], wanted: 0 } })).missing).toBe(0);
  });
});

describe('the rooms', () => {
  const roomsOf = (sight: Sight, choice: Parameters<Sight['rooms']>[0]) =>
    sight
      .rooms(choice)
      .open.map(({ node: { nodeId, generation, workers } }) => [nodeId, generation, workers.length]);

  it('are of what serves, what is on its way and what is missing, and not of what leaves', () => {
    const seen = observation([node('a', [0]), node('b', [0])], {
      fleet: {
        members: [member('a'), leaving('b'), member('c', { status: { state: 'launching' } })],
        wanted: 3,
      },
    });
    const present = { machineType: 'local', workers: 5 };
    expect(roomsOf(sightOf(seen), present)).toEqual([
      ['a', 'g1', 1],
      ['c', 'g1', 2],
      ['missing 0', 'g1', 5],
    ]);
    // Every choice rests: what is missing is as the first of them.
    expect(roomsOf(sightOf(seen), undefined).at(-1)).toEqual(['missing 0', 'g1', 2]);
  });

  it('are of the generation that the cloud says, and of the present one where it does not know the machine', () => {
    const nodes = [
      node('a', [0], { generation: 'image-1' }),
      node('b', [0], { generation: 'image-2' }),
      node('unlisted', [0], { generation: 'image-2' }),
    ];
    const members = [member('a', { generation: 'g1' }), member('b', { generation: 'g2' })];
    const sight = sightOf(observation(nodes, { fleet: { members, generation: 'g2' } }));
    expect(roomsOf(sight, undefined)).toEqual([
      ['a', 'g1', 1],
      ['b', 'g2', 1],
      ['unlisted', 'g2', 1],
    ]);
  });
});

describe('who asks for room', () => {
  const wishesOf = (seen: Observation, about: Partial<typeof policy> = {}) =>
    sightOf(seen, about).wishes.map(({ meetingId }) => meetingId);
  const asking = (kind: 'refused' | 'waiting', meetingId: string, streams = 4) =>
    wish(noDemand, { kind, meetingId, shares: sharesOf(streams) }, nowMs);
  const drains = draining('b', [10, 20]);

  it('are the meetings of a node that drains', () => {
    expect(wishesOf(observation([node('a', [30]), drains]))).toEqual(['b-0', 'b-1']);
  });

  it('are not those whose move is under way; what a meeting is expected to become is no move', () => {
    const reservations = [reserved('move', 'b-0'), reserved('expected', 'b-1')];
    expect(wishesOf(observation([node('a', [0]), drains], { platform: { reservations } }))).toEqual(['b-1']);
  });

  it('are not those that have arrived elsewhere', () => {
    const arrived = node('a', [10], {
      meetings: [{ meetingId: 'b-0', shares: sharesOf(10), workers: [0] }],
    });
    expect(wishesOf(observation([arrived, drains]))).toEqual(['b-1']);
  });

  it('are counted once when they wait for a target, and twice never', () => {
    const seen = (kind: 'refused' | 'waiting') =>
      observation([node('a', [0]), drains], { platform: { demand: asking(kind, 'b-0') } });
    expect(wishesOf(seen('waiting'))).toEqual(['b-0 waiting', 'b-1']);
    expect(wishesOf(seen('refused'))).toEqual(['b-0 refused', 'b-0', 'b-1']);
  });

  it('are nobody where nothing may be launched', () => {
    const seen = observation([node('a', [0])], { platform: { demand: asking('refused', 'm') } });
    expect(wishesOf(seen, { choices: [] })).toEqual([]);
    expect(wishesOf(seen)).toEqual(['m refused']);
  });
});

it('our own drains are those that we began, on machines that are still there', () => {
  const nodes = [
    node('active', [0], { drainedBy: 'autoscaler' }),
    draining('ours', [0]),
    draining('theirs', [0], { drainedBy: 'others' }),
    draining('going', [0]),
    draining('unlisted', [0]),
    draining('dead', [0], { state: 'unreachable' }),
  ];
  const members = [member('active'), member('ours'), member('theirs'), leaving('going')];
  expect(sightOf(observation(nodes, { fleet: { members } })).ownDraining.map(({ nodeId }) => nodeId)).toEqual(
    ['ours', 'unlisted'],
  );
});
