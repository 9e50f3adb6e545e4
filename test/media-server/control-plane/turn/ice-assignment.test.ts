import {
  type IceAssignment,
  type IceTerms,
  iceAssignmentFor,
} from '@holdfast/media-server/control-plane/turn/ice-assignment.ts';
import type { NamedTurnServer } from '@holdfast/media-server/control-plane/turn/turn-servers.ts';
import { describe, expect, it } from 'vitest';

const server = (name: string, facts: Partial<NamedTurnServer> = {}): NamedTurnServer => ({
  name,
  urls: [`turn:${name}.example`],
  secret: 'a-secret-of-the-turn-servers',
  zone: 'z1',
  full: false,
  doubtful: false,
  ...facts,
});
const stun = { urls: 'stun:stun.example' };
const fleet = ['t1', 't2', 't3', 't4'].map((name) => server(name));
const ada = { meetingId: 'm', participantId: 'ada' };

const assigned = (terms: Partial<IceTerms> = {}, before?: IceAssignment, who = ada) =>
  iceAssignmentFor(who, before, {
    fixed: [stun],
    turn: fleet,
    zone: 'z1',
    pathStands: true,
    credentialSeconds: 3600,
    nowMs: 0,
    ...terms,
  });
const without = (...names: (string | undefined)[]) => fleet.filter(({ name }) => !names.includes(name));

describe('the ICE servers of a participant', () => {
  it('are what everybody has, and two TURN servers with credentials of its own that end', () => {
    const { turn, iceServers, endsAtMs } = assigned();
    expect(turn).toHaveLength(2);
    expect(iceServers).toEqual([
      stun,
      ...turn.map((name) => ({
        urls: [`turn:${name}.example`],
        username: '3600:m/ada',
        credential: expect.stringMatching(/^[A-Za-z0-9+/]{27}=$/),
      })),
    ]);
    expect(endsAtMs).toBe(3_600_000);
  });

  it('are the same ones whoever is asked: another replica gives no others', () => {
    expect(assigned({ turn: [...fleet].reverse() }).turn).toEqual(assigned().turn);
  });

  it('spread over the servers', () => {
    const first = Array.from(
      { length: 400 },
      (_, i) => assigned({}, undefined, { meetingId: 'm', participantId: `p${i}` }).turn[0],
    );
    for (const { name } of fleet) {
      const share = first.filter((each) => each === name).length;
      expect(share, name).toBeGreaterThan(60);
      expect(share, name).toBeLessThan(140);
    }
  });

  it('are those in the zone of its media node first', () => {
    const near = [server('near-1'), server('near-2')];
    const far = ['t1', 't2', 't3', 't4'].map((name) => server(name, { zone: 'z2' }));
    expect(assigned({ turn: [...far, ...near] }).turn.toSorted()).toEqual(['near-1', 'near-2']);
    expect(assigned({ turn: [...far, server('near-1')] }).turn[0]).toBe('near-1');
    // Where the zone is not known, none is nearer.
    expect(assigned({ turn: fleet, zone: null }).turn).toEqual(assigned().turn);
  });

  it('are those that carry all they can only when there are no others', () => {
    const [first, second] = assigned().turn;
    const fullOnes = fleet.map((each) => ({ ...each, full: each.name === first || each.name === second }));
    const { turn } = assigned({ turn: fullOnes });
    expect(turn).not.toContain(first);
    expect(turn).not.toContain(second);
    expect(assigned({ turn: fullOnes }, assigned()).turn).toEqual([first, second]);
  });

  it('stay while nothing happens: a server that comes takes nobody away from another', () => {
    const before = assigned();
    expect(assigned({ turn: [...fleet, server('t5')], nowMs: 1_000_000 }, before)).toBe(before);
  });

  it('are others for the server that goes, and the same for the one that stays', () => {
    const before = assigned();
    const [goes, stays] = before.turn;
    const after = assigned({ turn: without(goes) }, before);
    expect(after.turn).toHaveLength(2);
    expect(after.turn[0]).toBe(stays);
    expect(after.turn).not.toContain(goes);
  });

  it('stay when there is none to go to: an old path is better than none', () => {
    const before = assigned();
    expect(assigned({ turn: [] }, before)).toBe(before);
  });

  it('stay with a server in doubt while the path stands, and leave it once another path is sought', () => {
    const before = assigned();
    const [first] = before.turn;
    const doubted = [...without(first), server(String(first), { doubtful: true })];
    expect(assigned({ turn: doubted }, before)).toBe(before);
    expect(assigned({ turn: doubted, pathStands: false }, before).turn).not.toContain(first);
    expect(assigned({ turn: doubted }).turn).not.toContain(first);
  });

  it('have new credentials before the old ones end', () => {
    const before = assigned();
    expect(assigned({ nowMs: 2_699_999 }, before)).toBe(before);
    const after = assigned({ nowMs: 2_700_000 }, before);
    expect(after.turn).toEqual(before.turn);
    expect(after.endsAtMs).toBe(6_300_000);
    expect(after.iceServers[1]).toMatchObject({ username: '6300:m/ada' });
  });

  it('are what everybody has where there is no TURN server, and nothing of that ends', () => {
    const none = assigned({ turn: [] });
    expect(none).toEqual({ turn: [], iceServers: [stun], endsAtMs: Infinity });
    expect(assigned({ turn: [], nowMs: 1e12 }, none)).toBe(none);
    expect(assigned({}, none).turn).toHaveLength(2);
  });
});
