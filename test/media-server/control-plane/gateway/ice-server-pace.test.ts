import { controlPlaneConfig } from '@holdfast/media-server/config/index.ts';
import { IceServers } from '@holdfast/media-server/control-plane/gateway/ice-servers.ts';
import { GatewayLeg } from '@holdfast/media-server/control-plane/gateway/leg.ts';
import { Session } from '@holdfast/media-server/control-plane/gateway/session.ts';
import { expect, it } from 'vitest';
import { ManualClock } from '../../process/manual-clock.ts';

it('tells so many people at once that their TURN servers are others, and the next ones a little later', async () => {
  const clock = new ManualClock();
  const stopping = new AbortController();
  let told = 0;
  const sessions = Array.from({ length: 450 }, (_, index) => {
    const participant = { participantId: `p${index}`, displayName: `p${index}` };
    const session = new Session({ id: `s${index}`, meetingId: 'm1', participant });
    session.connect({
      connection: index,
      notify: () => {
        told += 1;
        return true;
      },
      alive: async () => true,
      close: () => {},
    });
    const leg = new GatewayLeg({ legId: `l${index}`, nodeId: 'n1', epoch: 1, movingFrom: undefined });
    leg.release();
    session.legs.set(leg.legId, leg);
    return session;
  });
  const ice = new IceServers({
    config: controlPlaneConfig.parse({ role: 'control-plane', turn: { urls: ['turn:turn.example.org'] } }),
    turnSecret: 'turn-secret-of-the-tests',
    registry: { machines: async () => [] },
    sessions: { all: () => sessions },
    clock,
    signal: stopping.signal,
  });
  const first = ice.sweep();
  await clock.advance(0);
  expect(told).toBe(200);
  await clock.advance(100);
  expect(told).toBe(400);
  await clock.advance(100);
  expect(told).toBe(450);
  await first;
  // Nothing new is told again.
  await ice.sweep();
  expect(told).toBe(450);
});
