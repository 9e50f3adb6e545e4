import { turnServersOf } from '@holdfast/media-server/control-plane/turn/turn-servers.ts';
import { describe, expect, it } from 'vitest';

type Machine = Parameters<typeof turnServersOf>[1][number];

const secret = 'a-secret-of-the-turn-servers';
const turn = (nodeId: string, facts: Partial<Machine> = {}): Machine => ({
  nodeId,
  role: 'turn',
  zone: 'z1',
  load: { workers: [], processCpu: 0, egressBps: 0, rssBytes: 0, participants: 0, stress: 0 },
  reachable: true,
  drain: { state: 'active' },
  turnUrls: [`turn:${nodeId}.example`],
  ...facts,
});
const names = (...machines: Machine[]) => turnServersOf([], machines, secret).map(({ name }) => name);

describe('the TURN servers that participants may have', () => {
  it('are those of the configuration, and those that have registered', () => {
    expect(turnServersOf(['turn:fixed.example'], [turn('t1')], secret)).toEqual([
      {
        name: 'turn:fixed.example',
        urls: ['turn:fixed.example'],
        secret,
        zone: null,
        full: false,
        doubtful: false,
      },
      { name: 't1', urls: ['turn:t1.example'], secret, zone: 'z1', full: false, doubtful: false },
    ]);
  });

  it('are none without the secret that they share', () => {
    expect(turnServersOf(['turn:fixed.example'], [turn('t1')], undefined)).toEqual([]);
  });

  it('are no longer those that drain, nor machines that relay nothing', () => {
    expect(names(turn('t1', { drain: { state: 'draining' } }), turn('t2'))).toEqual(['t2']);
    expect(names(turn('n1', { role: 'media' }), turn('t2', { turnUrls: undefined }))).toEqual([]);
  });

  it('are no longer those at which no allocation can be had', () => {
    const relay = { allocations: 3, users: 1, maxAllocations: 10, toClientsBytes: 0, fromClientsBytes: 0 };
    expect(
      names(
        turn('t1', { relay: { ...relay, healthy: false } }),
        turn('t2', { relay: { ...relay, healthy: true } }),
      ),
    ).toEqual(['t2']);
  });

  it('are no longer those that are not heard of, while others are', () => {
    expect(names(turn('t1', { reachable: false }), turn('t2'))).toEqual(['t2']);
    expect(names(turn('t1', { reachable: false }), turn('t2'), turn('t3'))).toEqual(['t2', 't3']);
  });

  it('are still all of them, but in doubt, when most are not heard of: then it is we who hear nothing', () => {
    const silent = ['t1', 't2'].map((name) => turn(name, { reachable: false }));
    expect(turnServersOf([], [...silent, turn('t3')], secret)).toMatchObject([
      { name: 't1', doubtful: true },
      { name: 't2', doubtful: true },
      { name: 't3', doubtful: false },
    ]);
  });

  it('are full when they carry all that they can', () => {
    const load = { ...turn('t1').load, stress: 1 };
    expect(turnServersOf([], [turn('t1', { load })], secret)).toMatchObject([{ full: true }]);
  });

  it('are still the only one, in doubt, when it is not heard of', () => {
    expect(turnServersOf([], [turn('t1', { reachable: false })], secret)).toMatchObject([{ doubtful: true }]);
  });
});
