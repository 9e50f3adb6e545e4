import {
  Connection,
  type ConnectionState,
  type ResumedLegs,
  type TokenSource,
} from '@holdfast/media-server/client/connection.ts';
import {
  firstDelayMs,
  isHopeless,
  mayRetry,
  retryDelayMs,
} from '@holdfast/media-server/client/reconnect-policy.ts';
import { closeCode, type ErrorCode, HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { someRtpParameters } from '../media-descriptions.ts';
import { FakeGateway, JOINED } from './fake-gateway.ts';
import { ignoringEverything } from './ignoring-everything.ts';

interface WorldOptions {
  readonly legs?: ResumedLegs;
  readonly token?: TokenSource;
}

function setUp(options: WorldOptions = {}) {
  const gateway = new FakeGateway();
  const network = new EventTarget();
  const states: ConnectionState[] = [];
  const log: string[] = [];
  const media: { lostAtMs: number | undefined } = { lostAtMs: undefined };
  const connection = new Connection({
    openSocket: gateway.open,
    handlers: ignoringEverything,
    legs: () => options.legs ?? [],
    mediaLostAtMs: () => media.lostAtMs,
    onResumed: (result, asked) => log.push(`resumed ${result.legs.length}/${asked.length}`),
    onRejoined: ({ resumeToken }) => log.push(`rejoined ${resumeToken}`),
    onStateChanged: (state) => states.push(state),
    onOver: ({ code }) => log.push(`over ${code}`),
    onProblem: () => {},
    network,
    random: () => 0.2,
    now: () => Date.now(),
  });
  return { gateway, network, states, log, media, connection };
}

async function joined(options: WorldOptions = {}) {
  const world = setUp(options);
  const result = world.connection.join(options.token ?? 'token');
  await vi.advanceTimersByTimeAsync(20);
  expect(await result).toEqual(JOINED);
  return world;
}

const codeOf = (promise: Promise<unknown>): Promise<ErrorCode | 'no error'> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof HoldfastError ? error.code : 'INTERNAL'),
  );
const pause = { legId: 'l', producerId: 'p' };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  vi.useRealTimers();
});

describe('the delay before the next attempt', () => {
  it('is next to nothing when only this line is lost, spread when others may be affected', () => {
    expect(firstDelayMs('own', undefined, Number.POSITIVE_INFINITY, 0.99)).toBeLessThanOrEqual(100);
    expect(firstDelayMs('shared', undefined, Number.POSITIVE_INFINITY, 0.99)).toBeGreaterThan(400);
    expect(firstDelayMs('shared', undefined, Number.POSITIVE_INFINITY, 0)).toBe(0);
  });

  it('is spread as widely as the gateway says', () => {
    expect(firstDelayMs('shared', 8_000, 9_000, 0.5)).toBe(4_000);
    expect(firstDelayMs('shared', 8_000, 1_000, 0.5)).toBe(500);
  });

  it('then doubles, within bounds and with jitter', () => {
    for (let attempt = 1; attempt < 2_000; attempt += 1) {
      const least = retryDelayMs(attempt, undefined, 0);
      const most = retryDelayMs(attempt, undefined, 1);
      expect(least).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(5_000);
      expect(most / least).toBeCloseTo(4);
      expect(most).toBeGreaterThanOrEqual(retryDelayMs(attempt - 1, undefined, 1));
    }
  });

  it('is what the gateway asked for, and not the same for everybody whom it asked', () => {
    expect(retryDelayMs(1, 1_000, 0)).toBe(1_000);
    expect(retryDelayMs(1, 1_000, 0.8)).toBe(1_200);
  });

  it('is given up only when neither media nor signalling has been alive for long', () => {
    const known = { nowMs: 1_000_000, lostAtMs: 0, keptForMs: 30_000 };
    expect(isHopeless({ ...known, mediaLostAtMs: undefined })).toBe(false);
    expect(isHopeless({ ...known, mediaLostAtMs: 990_000 })).toBe(false);
    expect(isHopeless({ ...known, mediaLostAtMs: 100_000 })).toBe(true);
    expect(isHopeless({ ...known, lostAtMs: 990_000, mediaLostAtMs: 0 })).toBe(false);
    expect(isHopeless({ ...known, mediaLostAtMs: 100_000, keptForMs: 950_000 })).toBe(false);
  });

  it('is not awaited when the answer was a clear no', () => {
    expect(mayRetry(new HoldfastError('SESSION_UNKNOWN', 'gone'))).toBe(false);
    expect(mayRetry(new HoldfastError('UNAUTHENTICATED', 'no'))).toBe(false);
    expect(mayRetry(new HoldfastError('CONNECTION_CLOSED', 'broken'))).toBe(true);
    expect(mayRetry(new HoldfastError('NOT_READY', 'starting'))).toBe(true);
  });
});

describe('joining', () => {
  it('tells what the gateway said when that will not change', async () => {
    const { gateway, connection } = setUp();
    gateway.errors.push(new HoldfastError('UNAUTHENTICATED', 'the token has expired'));
    const code = codeOf(connection.join('token'));
    await vi.advanceTimersByTimeAsync(20);
    expect(await code).toBe('UNAUTHENTICATED');
    expect(gateway.calls).toEqual(['0:join']);
    connection.close('the participation is over');
  });

  it('waits and tries again when there is no room yet', async () => {
    const { gateway, connection } = setUp();
    gateway.errors.push(new HoldfastError('NO_CAPACITY', 'full', { retryAfterMs: 800 }));
    const result = connection.join('token');
    await vi.advanceTimersByTimeAsync(700);
    expect(gateway.calls).toEqual(['0:join']);
    await vi.advanceTimersByTimeAsync(200);
    expect((await result).participantId).toBe('me');
    connection.close('the participation is over');
  });
});

describe('a lost connection', () => {
  it('is replaced and the session taken up again', async () => {
    const leg = { legId: 'n:1', nodeId: 'n', epoch: 1 };
    const { gateway, states, log, connection } = await joined({ legs: [leg] });
    gateway.last.break();
    expect(connection.state).toBe('lost');
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.calls).toEqual(['0:join', '1:resume']);
    expect(states).toEqual(['open', 'lost', 'open']);
    expect(log).toEqual(['resumed 1/1']);
    connection.close('the participation is over');
  });

  it('lets requests wait, and they go out after the snapshots have been taken in', async () => {
    const { gateway, log, connection } = await joined();
    gateway.last.break();
    const answered = connection.request('producer.pause', pause).then(() => log.push('answered'));
    await vi.advanceTimersByTimeAsync(200);
    await answered;
    expect(gateway.calls).toEqual(['0:join', '1:resume', '1:producer.pause']);
    expect(log).toEqual(['resumed 0/0', 'answered']);
    connection.close('the participation is over');
  });

  it('repeats a request that was under way, but not one that must not be carried out twice', async () => {
    const { gateway, connection } = await joined();
    gateway.silent.add('producer.pause').add('producer.create');
    const repeated = connection.request('producer.pause', pause);
    const once = codeOf(
      connection.request(
        'producer.create',
        {
          legId: 'l',
          transportId: 't',
          source: 'camera',
          kind: 'video',
          rtpParameters: someRtpParameters('video'),
          paused: false,
        },
        { once: true },
      ),
    );
    await vi.advanceTimersByTimeAsync(5);
    gateway.silent.clear();
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    await repeated;
    expect(await once).toBe('CONNECTION_CLOSED');
    expect(gateway.calls.filter((call) => call.includes('producer'))).toEqual([
      '0:producer.pause',
      '0:producer.create',
      '1:producer.pause',
    ]);
    connection.close('the participation is over');
  });

  it('is tried again until a gateway answers', async () => {
    const { gateway, log, connection } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(connection.state).toBe('lost');
    expect(gateway.sockets.length).toBeGreaterThan(3);
    gateway.refusing = false;
    await vi.advanceTimersByTimeAsync(4_100);
    expect(connection.state).toBe('open');
    expect(log).toEqual(['resumed 0/0']);
    connection.close('the participation is over');
  });

  it('is tried at once when the network comes back', async () => {
    const { gateway, network, connection } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(10_000);
    gateway.refusing = false;
    network.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(10);
    expect(connection.state).toBe('open');
    connection.close('the participation is over');
  });

  it('is spread over a while when others may have lost theirs in the same moment', async () => {
    const { gateway, connection } = await joined();
    gateway.last.break(closeCode.resume);
    await vi.advanceTimersByTimeAsync(90);
    expect(gateway.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(gateway.sockets).toHaveLength(2);
    connection.close('the participation is over');
  });

  it('ends nothing for as long as media flows', async () => {
    const { gateway, log, states, connection } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(15 * 60_000);
    expect(log).toEqual([]);
    expect(connection.state).toBe('lost');
    gateway.refusing = false;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(log).toEqual(['resumed 0/0']);
    expect(states).toEqual(['open', 'lost', 'open']);
    connection.close('the participation is over');
  });

  it('ends the session when media is dead too and nobody answers for long', async () => {
    const { gateway, log, media, connection } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    media.lostAtMs = Date.now();
    await vi.advanceTimersByTimeAsync(115_000);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(log).toEqual(['over expired']);
    expect(connection.state).toBe('closed');
  });

  it('ends the session when the gateway no longer knows it', async () => {
    const { gateway, log } = await joined();
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'who are you?'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['over expired']);
  });

  it('goes on in a new session when a fresh token can be had', async () => {
    let tokens = 0;
    const token = async () => {
      tokens += 1;
      return `token-${tokens}`;
    };
    const { gateway, log, states, connection } = await joined({ token });
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'who are you?'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.tokens).toEqual(['token-1', 'token-2']);
    expect(log).toEqual(['rejoined resume-2']);
    expect(states).toEqual(['open', 'lost', 'open']);
    // A new session that is over at once is not followed by another one.
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'who are you?'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['rejoined resume-2', 'over expired']);
    expect(connection.state).toBe('closed');
  });

  it('is not entered anew when the same participant has joined from elsewhere: two pages would throw each other out', async () => {
    const token = async () => 'fresh';
    const { gateway, log } = await joined({ token });
    gateway.errors.push(new HoldfastError('SESSION_REPLACED', 'joined elsewhere'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['over replaced']);
    expect(gateway.tokens).toEqual(['fresh']);
  });

  it('is not entered anew by somebody who was removed', async () => {
    const { gateway, log } = await joined({ token: async () => 'fresh' });
    gateway.errors.push(new HoldfastError('FORBIDDEN', 'removed'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['over removed']);
    expect(gateway.joins).toBe(1);
  });

  it('is not the end when the gateway takes no token any more, as long as media flows', async () => {
    const { gateway, log, media } = await joined();
    const no = () => new HoldfastError('UNAUTHENTICATED', 'keys have changed');
    gateway.errors.push(...Array.from({ length: 20 }, no));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log).toEqual([]);
    media.lostAtMs = Date.now();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(log).toEqual(['over expired']);
  });
});

describe('how the gateway closes a WebSocket', () => {
  it.each([
    { code: closeCode.replaced, word: 'over replaced' },
    { code: closeCode.ended, word: 'over ended' },
    { code: closeCode.removed, word: 'over removed' },
  ])('with $code ends the participation: $word', async ({ code, word }) => {
    const { gateway, log, connection } = await joined();
    gateway.last.break(code);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(log).toEqual([word]);
    expect(gateway.sockets).toHaveLength(1);
    expect(connection.state).toBe('closed');
  });

  it.each([{ code: closeCode.tooMany }, { code: closeCode.notEntered }])(
    'with $code is a loss like another: it resumes on a new one',
    async ({ code }) => {
      const { gateway, states, log, connection } = await joined();
      gateway.last.break(code);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(states).toEqual(['open', 'lost', 'open']);
      expect(log).toEqual(['resumed 0/0']);
      connection.close('the participation is over');
    },
  );

  it('because the second one has entered is no loss', async () => {
    const { gateway, states, connection } = await joined();
    gateway.silent.add('resume');
    connection.gatewayCloses({ withinMs: 1_000 });
    await vi.advanceTimersByTimeAsync(200);
    gateway.sockets[0]?.break(closeCode.superseded);
    expect(states).toEqual(['open']);
    connection.close('the participation is over');
  });
});

describe('a WebSocket that is dead but looks open', () => {
  it('is noticed within seconds though nobody asks for anything, and a second one takes its place', async () => {
    const { gateway, states, log, connection } = await joined();
    const [first] = gateway.sockets;
    gateway.last.dead = true;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(states).toEqual(['open', 'suspect', 'open']);
    expect(log).toEqual(['resumed 0/0']);
    expect(first?.readyState).toBe(3);
    expect(gateway.last.readyState).toBe(1);
    connection.close('the participation is over');
  });

  it('does not hold up a request: it is repeated on the second one', async () => {
    const { gateway, connection } = await joined();
    gateway.last.dead = true;
    const answered = connection.request('producer.pause', pause);
    await vi.advanceTimersByTimeAsync(5_200);
    await answered;
    expect(gateway.calls).toEqual(['0:join', '1:resume', '1:producer.pause']);
    connection.close('the participation is over');
  });

  it('that then breaks too keeps nobody waiting for ever', async () => {
    const { gateway, connection } = await joined();
    const [first] = gateway.sockets;
    gateway.last.dead = true;
    gateway.refusing = true;
    await vi.advanceTimersByTimeAsync(6_000);
    const answered = connection.request('producer.pause', pause);
    await vi.advanceTimersByTimeAsync(100);
    first?.break();
    gateway.refusing = false;
    await vi.advanceTimersByTimeAsync(5_100);
    await answered;
    expect(gateway.calls.at(-1)).toMatch(/^[1-9][0-9]*:producer.pause$/);
    connection.close('the participation is over');
  });

  it('lets nothing go out that must not be sent twice until it is clear which one lives', async () => {
    const { gateway, connection } = await joined();
    gateway.last.dead = true;
    gateway.refusing = true;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(connection.state).toBe('suspect');
    const made = connection.request('producer.pause', pause, { once: true });
    gateway.refusing = false;
    await vi.advanceTimersByTimeAsync(5_100);
    await made;
    expect(gateway.calls.at(-1)).toMatch(/^[1-9][0-9]*:producer.pause$/);
    connection.close('the participation is over');
  });

  it('is trusted again when it speaks after all, and stays if no second one can be had', async () => {
    const { gateway, states, connection } = await joined();
    const [first] = gateway.sockets;
    gateway.last.dead = true;
    gateway.refusing = true;
    await vi.advanceTimersByTimeAsync(6_000);
    const answered = connection.request('producer.pause', pause);
    if (first) first.dead = false;
    first?.peer.notify('gateway.closing', { withinMs: 1 });
    await vi.advanceTimersByTimeAsync(10);
    await answered;
    expect(states).toEqual(['open', 'suspect', 'open']);
    expect(gateway.calls.at(-1)).toBe('0:producer.pause');
    const attempts = gateway.sockets.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(gateway.sockets.length).toBeLessThanOrEqual(attempts + 1);
    connection.close('the participation is over');
  });

  it('is not suspected as long as it answers', async () => {
    const { gateway, states, connection } = await joined();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['open']);
    expect(gateway.sockets).toHaveLength(1);
    connection.close('the participation is over');
  });

  it('is not suspected when the gateway itself says that the node is slow', async () => {
    const { gateway, states, connection } = await joined();
    gateway.silent.add('producer.pause');
    const code = codeOf(connection.request('producer.pause', pause));
    await vi.advanceTimersByTimeAsync(13_000);
    expect(await code).toBe('TIMEOUT');
    expect(states).toEqual(['open']);
    connection.close('the participation is over');
  });

  it('is replaced when the network comes back', async () => {
    const { gateway, network, connection } = await joined();
    gateway.last.dead = true;
    network.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.calls).toEqual(['0:join', '1:resume']);
    expect(connection.state).toBe('open');
    connection.close('the participation is over');
  });

  it('is asked at once when somebody comes back to the page', async () => {
    const { gateway, network, states, connection } = await joined();
    gateway.last.dead = true;
    network.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(3_100);
    expect(states).toEqual(['open', 'suspect', 'open']);
    connection.close('the participation is over');
  });
});

describe('a gateway that stops', () => {
  it('is left for another one without a moment of being lost', async () => {
    const { gateway, states, log, connection } = await joined();
    const [first] = gateway.sockets;
    connection.gatewayCloses({ withinMs: 1_000 });
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.calls).toEqual(['0:join', '1:resume']);
    expect(first?.readyState).toBe(3);
    expect(gateway.last.readyState).toBe(1);
    expect(states).toEqual(['open']);
    expect(log).toEqual(['resumed 0/0']);
    connection.close('the participation is over');
  });

  it('is left at a moment of this participant’s own, within the time it gives', async () => {
    const { gateway, connection } = await joined();
    connection.gatewayCloses({ withinMs: 2_000, spreadMs: 10_000 });
    await vi.advanceTimersByTimeAsync(270);
    expect(gateway.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(gateway.sockets).toHaveLength(2);
    connection.close('the participation is over');
  });

  it('stays in use while no other one answers', async () => {
    const { gateway, states, log, connection } = await joined();
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'not here'));
    connection.gatewayCloses({ withinMs: 1_000 });
    await vi.advanceTimersByTimeAsync(200);
    const answered = connection.request('producer.pause', pause).then(() => log.push('answered'));
    await vi.advanceTimersByTimeAsync(10);
    await answered;
    expect(gateway.calls.at(-1)).toBe('0:producer.pause');
    expect(states).toEqual(['open']);
    expect(log).toEqual(['answered']);
    connection.close('the participation is over');
  });
});

describe('after the end', () => {
  it('nothing opens: a WebSocket that is just entering is closed too', async () => {
    const { gateway, connection } = setUp();
    gateway.silent.add('join');
    const code = codeOf(connection.join('token'));
    await vi.advanceTimersByTimeAsync(10);
    connection.close('the participation is over');
    expect(gateway.last.readyState).toBe(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await code).toBe('CONNECTION_CLOSED');
    expect(gateway.sockets).toHaveLength(1);
  });
});

describe('leaving', () => {
  it('is told to the gateway, and everything that waits fails', async () => {
    const { gateway, connection } = await joined();
    gateway.silent.add('producer.pause');
    const waiting = codeOf(connection.request('producer.pause', pause));
    const left = connection.leave();
    await vi.advanceTimersByTimeAsync(20);
    await left;
    expect(gateway.calls).toContain('0:leave');
    expect(await waiting).toBe('CONNECTION_CLOSED');
    expect(await codeOf(connection.request('producer.pause', pause))).toBe('CONNECTION_CLOSED');
    expect(connection.state).toBe('closed');
  });

  it('opens no second WebSocket, though the first breaks or its gateway stops meanwhile', async () => {
    const { gateway, connection } = await joined();
    gateway.silent.add('leave');
    const left = connection.leave();
    connection.gatewayCloses({ withinMs: 1_000 });
    await vi.advanceTimersByTimeAsync(600);
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(1_500);
    await left;
    expect(gateway.sockets).toHaveLength(1);
  });

  it('does not wait for a gateway that is silent', async () => {
    const { gateway, connection } = await joined();
    gateway.silent.add('leave');
    const left = connection.leave();
    await vi.advanceTimersByTimeAsync(1_600);
    await left;
    expect(connection.state).toBe('closed');
  });
});
