import type { AllocationEvent } from '@holdfast/media-server/turn-server/coturn-log.ts';
import { RelayTally } from '@holdfast/media-server/turn-server/relay-tally.ts';
import { beforeEach, describe, expect, it } from 'vitest';

const endsAtMs = 5000;

describe('the tally of a TURN server', () => {
  let tally: RelayTally;
  beforeEach(() => {
    tally = new RelayTally('probe');
  });
  const begun = (session: string, user: string): AllocationEvent => ({
    type: 'begun',
    session,
    user,
    endsAtMs,
  });
  const ended = (session: string, user: string): AllocationEvent => ({
    type: 'ended',
    session,
    user,
    endsAtMs,
  });
  const relayed = (fromClientBytes: number, toClientBytes: number, user = 'm/ada'): AllocationEvent => ({
    ...begun('1', user),
    type: 'relayed',
    fromClientBytes,
    toClientBytes,
  });

  it('counts allocations, and the participants who have them', () => {
    for (const [session, user] of [
      ['1', 'm/ada'],
      ['2', 'm/ada'],
      ['3', 'm/ben'],
    ] as const)
      expect(tally.take(begun(session, user))).toBe(true);
    expect(tally.take(ended('2', 'm/ada'))).toBe(true);
    expect([tally.allocations, tally.users]).toEqual([2, 2]);
    expect(tally.of('m/ada')).toMatchObject([{ session: '1', endsAtMs }]);
  });

  it('adds up what is relayed, and keeps it when an allocation or the server ends', () => {
    tally.take(begun('1', 'm/ada'));
    tally.take(relayed(100, 2000));
    tally.take(relayed(10, 500));
    tally.take(ended('1', 'm/ada'));
    tally.serverEnded();
    expect([tally.fromClientsBytes, tally.toClientsBytes]).toEqual([110, 2500]);
  });

  it('has no allocation left when the server has ended', () => {
    tally.take(begun('1', 'm/ada'));
    tally.serverEnded();
    expect(tally.allocations).toBe(0);
    expect(tally.take(ended('1', 'm/ada'))).toBe(false);
  });

  it('does not count the allocations that only try the server', () => {
    expect(tally.take(begun('1', 'probe'))).toBe(false);
    tally.take(relayed(1, 1, 'probe'));
    expect([tally.allocations, tally.toClientsBytes, tally.probes]).toEqual([0, 0, 1]);
  });
});
