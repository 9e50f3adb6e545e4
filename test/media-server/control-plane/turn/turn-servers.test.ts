import { turnServersOf } from '@holdfast/media-server/control-plane/turn/turn-servers.ts';
import { describe, expect, it } from 'vitest';

type Machine = Parameters<typeof turnServersOf>[1][number];

const secret = 'a-secret-of-the-turn-servers';
const turn = (nodeId: string, facts: Partial<Machine> = {}): Machine => ({
  nodeId,
  role: 'turn',
  reachable: true,
  drain: { state: 'active' },
  turnUrls: [`turn:${nodeId}.example`],
  ...facts,
});
const names = (...machines: Machine[]) => turnServersOf([], machines, secret).map(({ name }) => name);

describe('the TURN servers that participants may have', () => {
  it('are those of the configuration, and those that have registered', () => {
    expect(turnServersOf(['turn:fixed.example'], [turn('t1')], secret)).toEqual([
      { name: 'turn:fixed.example', urls: ['turn:fixed.example'], secret, doubtful: false },
      { name: 't1', urls: ['turn:t1.example'], secret, doubtful: false },
    ]);
  });

  it('are none without the secret that they share', () => {
    expect(turnServersOf(['turn:fixed.example'], [turn('t1')], undefined)).toEqual([]);
  });

  it('are no longer those that drain, nor machines that relay nothing', () => {
    expect(names(turn('t1', { drain: { state: 'draining' } }), turn('t2'))).toEqual(['t2']);
    expect(names(turn('n1', { role: 'media' }), turn('t2', { turnUrls: undefined }))).toEqual([]);
  });

  it('are still those that are not heard of, but in doubt', () => {
    expect(turnServersOf([], [turn('t1', { reachable: false })], secret)).toMatchObject([{ doubtful: true }]);
  });
});
