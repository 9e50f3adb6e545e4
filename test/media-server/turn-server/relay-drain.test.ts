import { Drain } from '@holdfast/media-server/drain/drain.ts';
import { RelayDrain } from '@holdfast/media-server/turn-server/relay-drain.ts';
import { RelayTally } from '@holdfast/media-server/turn-server/relay-tally.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../control-plane/silent-log.ts';
import { ManualClock } from '../process/manual-clock.ts';

describe('emptying a TURN server', () => {
  let clock: ManualClock;
  let tally: RelayTally;
  let drain: Drain;
  let emptying: RelayDrain;
  beforeEach(() => {
    clock = new ManualClock();
    tally = new RelayTally('probe');
    drain = new Drain({
      load: { holds: () => tally.allocations, people: () => tally.users, waits: () => [] },
      clock,
      log: silentLog,
    });
    emptying = new RelayDrain(drain, tally, clock);
  });
  const allocation = (type: 'begun' | 'ended', session = '1') => {
    tally.take({ type, session, user: 'm/ada', endsAtMs: 0 });
    emptying.look();
  };
  const order = () => drain.order({ by: 'operator', reason: 'test' });

  it('is drained when nobody has an allocation, and nobody came for a while', async () => {
    order();
    await clock.advance(1900);
    expect(drain.state).toBe('draining');
    await clock.advance(200);
    expect(drain.state).toBe('drained');
  });

  it('is not drained while somebody has one, however long that is', async () => {
    allocation('begun');
    order();
    await clock.advance(600_000);
    expect(drain.state).toBe('draining');
    allocation('ended');
    await clock.advance(2100);
    expect(drain.state).toBe('drained');
  });

  it('waits anew when somebody comes in between', async () => {
    order();
    await clock.advance(1500);
    allocation('begun');
    allocation('ended');
    await clock.advance(1500);
    expect(drain.state).toBe('draining');
    await clock.advance(600);
    expect(drain.state).toBe('drained');
  });

  it('drains again when somebody who was told of it before comes late', async () => {
    order();
    await clock.advance(2100);
    allocation('begun');
    expect(drain.state).toBe('draining');
  });

  it('waits for nothing when the order was taken back', async () => {
    order();
    drain.cancel('operator');
    await clock.advance(5000);
    expect(drain.state).toBe('active');
    expect(clock.pendingTimers).toBe(0);
  });
});
