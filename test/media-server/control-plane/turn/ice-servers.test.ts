import { iceServersFor } from '@holdfast/media-server/control-plane/turn/ice-servers.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyCredentials } from '../../../../coturn-config-lite/index.ts';
import { Platform, secrets } from '../platform.ts';

const secret = 'turn-secret-of-the-tests';
const server = { urls: ['turn:turn.example.org:3478', 'turns:turn.example.org:443?transport=tcp'], secret };
const times = { credentialSeconds: 600, nowMs: 1_000_000_000 };

const check = (
  iceServer: { username?: string | undefined; credential?: string | undefined },
  nowMs: number,
) =>
  verifyCredentials(
    { username: iceServer.username ?? '', password: iceServer.credential ?? '' },
    { secrets: [secret], nowMs },
  );

describe('the TURN servers of a participant', () => {
  it('come with credentials that the server takes, until they end', () => {
    const [made] = iceServersFor({ meetingId: 'm1', participantId: 'ada' }, [server], times);
    expect(made?.urls).toEqual(server.urls);
    expect(check(made ?? {}, times.nowMs)).toMatchObject({ valid: true, userId: 'm1/ada' });
    expect(check(made ?? {}, times.nowMs + 601_000)).toEqual({ valid: false, reason: 'expired' });
  });

  it('count the same name in another meeting as somebody else', () => {
    const users = ['m1', 'm2'].map(
      (meetingId) => iceServersFor({ meetingId, participantId: 'ada' }, [server], times)[0]?.username,
    );
    expect(new Set(users).size).toBe(2);
  });

  it('are none when there are none', () => {
    expect(iceServersFor({ meetingId: 'm1', participantId: 'ada' }, [], times)).toEqual([]);
  });
});

describe('a control plane with TURN servers', () => {
  let platform: Platform | undefined;
  afterEach(() => platform?.close());
  const config = {
    iceServers: [{ urls: 'stun:stun.example.org' }],
    turn: { urls: server.urls, credentialSeconds: 600 },
  };

  it('gives each leg the configured servers and those of its participant', async () => {
    platform = await Platform.start({ config, secrets: { HOLDFAST_TURN_SECRET: secret } });
    await platform.node('n1');
    const ada = await platform.participant('ada');
    const [stun, turn] = [...ada.legs.values()][0]?.iceServers ?? [];
    expect(stun).toEqual({ urls: 'stun:stun.example.org' });
    expect(check(turn ?? {}, Date.now())).toMatchObject({ valid: true, userId: 'm1/ada' });
  });

  it('does not start without their secret', async () => {
    await expect(Platform.start({ config })).rejects.toThrow('HOLDFAST_TURN_SECRET');
    expect(secrets).not.toHaveProperty('HOLDFAST_TURN_SECRET');
  });
});
