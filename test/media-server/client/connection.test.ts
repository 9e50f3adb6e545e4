import {
  Connection,
  type ConnectionState,
  type ResumedLegs,
} from '@holdfast/media-server/client/connection.ts';
import type { Socket } from '@holdfast/media-server/client/link.ts';
import { mayRetry, reconnectDelayMs } from '@holdfast/media-server/client/reconnect-policy.ts';
import {
  clientContract,
  type ErrorCode,
  gatewayContract,
  type Handlers,
  HoldfastError,
  RpcPeer,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const JOINED = {
  meetingId: 'm',
  participantId: 'me',
  displayName: 'Me',
  resumeToken: 'resume-1',
  resumeWithinMs: 30_000,
};

/** All that the events of a WebSocket carry. */
interface SocketEvent {
  readonly code: number;
  readonly reason: string;
  readonly data: unknown;
}

/** A WebSocket between the connection and the fake gateway; delivers in its own turn, like a real one. */
class FakeSocket implements Socket {
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = [];
  readyState = 0;
  readonly peer: RpcPeer<typeof gatewayContract, typeof clientContract>;
  /** The network swallows everything, and nobody says so. */
  dead = false;

  constructor(gateway: FakeGateway) {
    this.peer = new RpcPeer({
      local: gatewayContract,
      remote: clientContract,
      handlers: gateway.handlers(this),
      send: (text) => setTimeout(() => !this.dead && this.#emit('message', { data: text }), 1),
    });
    setTimeout(() => {
      if (gateway.refusing) {
        this.break();
        return;
      }
      this.readyState = 1;
      this.#emit('open', {});
    }, 1);
  }

  send(text: string): void {
    if (!this.dead) setTimeout(() => this.peer.receive(text), 1);
  }

  close(): void {
    this.readyState = 3;
  }

  break(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#emit('close', { code: 1006, reason: '' });
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener });
  }

  #emit(type: string, fields: Partial<SocketEvent>): void {
    const event = { code: 0, reason: '', data: undefined, ...fields };
    for (const known of this.#listeners) if (known.type === type) known.listener(event);
  }
}

class FakeGateway {
  readonly sockets: FakeSocket[] = [];
  readonly calls: string[] = [];
  refusing = false;
  /** What `join` or `resume` throws, once for each. */
  readonly errors: HoldfastError[] = [];
  /** Methods that are never answered. */
  readonly silent = new Set<string>();

  readonly open = (): FakeSocket => {
    const socket = new FakeSocket(this);
    this.sockets.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket yet');
    return socket;
  }

  handlers(socket: FakeSocket): Handlers<typeof gatewayContract> {
    const answer = async <R>(method: string, result: R): Promise<R> => {
      this.calls.push(`${this.sockets.indexOf(socket)}:${method}`);
      if (this.silent.has(method)) return new Promise<R>(() => {});
      const error = method === 'join' || method === 'resume' ? this.errors.shift() : undefined;
      if (error) throw error;
      return result;
    };
    const notAsked = () => {
      throw new HoldfastError('METHOD_UNKNOWN', 'this gateway is not asked that');
    };
    return {
      join: () => answer('join', JOINED),
      resume: ({ legs, resumeToken }) =>
        answer('resume', {
          meetingId: 'm',
          participantId: 'me',
          resumeToken: `${resumeToken}+`,
          legs: legs.map((leg) => ({ ...leg, participants: [], producers: [], consumers: [] })),
        }),
      leave: () => answer('leave', {}),
      'producer.pause': () => answer('producer.pause', {}),
      'producer.create': () => answer('producer.create', { producerId: 'p' }),
      'producer.resume': notAsked,
      'producer.close': notAsked,
      'leg.ready': notAsked,
      'transport.connect': notAsked,
      'transport.restartIce': notAsked,
      'consumer.ready': notAsked,
      'consumer.pause': notAsked,
      'consumer.resume': notAsked,
      'consumer.setPreferredLayers': notAsked,
      'leg.published': notAsked,
      'leg.switched': notAsked,
      ping: () => answer('ping', {}),
      'leg.renew': notAsked,
      'consumer.stalled': notAsked,
    };
  }
}

const ignore = () => {};
const ignoringEverything: Handlers<typeof clientContract> = {
  'leg.open': ignore,
  'leg.close': ignore,
  'consumer.new': ignore,
  'consumer.closed': ignore,
  'consumer.paused': ignore,
  'consumer.resumed': ignore,
  'participant.joined': ignore,
  'participant.left': ignore,
  'gateway.closing': ignore,
};

function setUp(options: { readonly legs?: ResumedLegs } = {}) {
  const gateway = new FakeGateway();
  const network = new EventTarget();
  const states: ConnectionState[] = [];
  const log: string[] = [];
  const connection = new Connection({
    openSocket: gateway.open,
    handlers: ignoringEverything,
    legs: () => options.legs ?? [],
    onResumed: (result, asked) => log.push(`resumed ${result.legs.length}/${asked.length}`),
    onStateChanged: (state) => states.push(state),
    onExpired: (error) => log.push(`expired ${error.code}`),
    onProblem: (error) => log.push(`problem ${error.message}`),
    network,
    random: () => 0.5,
    now: () => Date.now(),
  });
  return { gateway, network, states, log, connection };
}

async function joined(options: Parameters<typeof setUp>[0] = {}) {
  const world = setUp(options);
  const result = world.connection.join('token');
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
  it('is next to nothing at first, then doubles, within bounds and with jitter', () => {
    expect(reconnectDelayMs(0, 0.99)).toBeLessThanOrEqual(100);
    for (let attempt = 1; attempt < 20; attempt += 1) {
      const least = reconnectDelayMs(attempt, 0);
      const most = reconnectDelayMs(attempt, 1);
      expect(least).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(4_000);
      expect(most / least).toBeCloseTo(4);
      expect(most).toBeGreaterThanOrEqual(reconnectDelayMs(attempt - 1, 1));
    }
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
    connection.close('test over');
  });

  it('waits and tries again when there is no room yet', async () => {
    const { gateway, connection } = setUp();
    gateway.errors.push(new HoldfastError('NO_CAPACITY', 'full', { retryAfterMs: 800 }));
    const result = connection.join('token');
    await vi.advanceTimersByTimeAsync(700);
    expect(gateway.calls).toEqual(['0:join']);
    await vi.advanceTimersByTimeAsync(200);
    expect((await result).participantId).toBe('me');
    connection.close('test over');
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
    connection.close('test over');
  });

  it('lets requests wait, and they go out after the snapshots have been taken in', async () => {
    const { gateway, log, connection } = await joined();
    gateway.last.break();
    const answered = connection.request('producer.pause', pause).then(() => log.push('answered'));
    await vi.advanceTimersByTimeAsync(200);
    await answered;
    expect(gateway.calls).toEqual(['0:join', '1:resume', '1:producer.pause']);
    expect(log).toEqual(['resumed 0/0', 'answered']);
    connection.close('test over');
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
          rtpParameters: { codecs: [] },
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
    connection.close('test over');
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
    connection.close('test over');
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
    connection.close('test over');
  });

  it('ends the session when it lasts longer than the session is kept', async () => {
    const { gateway, log, connection } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(40_000);
    expect(log).toEqual(['expired CONNECTION_CLOSED']);
    connection.close('test over');
  });

  it('ends the session when the gateway no longer knows it', async () => {
    const { gateway, log, connection } = await joined();
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'who are you?'));
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['expired SESSION_UNKNOWN']);
    connection.close('test over');
  });
});

describe('a half-open connection', () => {
  it('shows itself by a request that nobody answers', async () => {
    const { gateway, states, connection } = await joined();
    gateway.last.dead = true;
    const answered = connection.request('producer.pause', pause);
    await vi.advanceTimersByTimeAsync(12_300);
    await answered;
    expect(states).toEqual(['open', 'lost', 'open']);
    connection.close('test over');
  });

  it('is not suspected when the gateway itself says that the node is slow', async () => {
    const { gateway, states, connection } = await joined();
    gateway.silent.add('producer.pause');
    const code = codeOf(connection.request('producer.pause', pause));
    await vi.advanceTimersByTimeAsync(6_000);
    gateway.last.peer.notify('gateway.closing', { withinMs: 1 });
    await vi.advanceTimersByTimeAsync(7_000);
    expect(await code).toBe('TIMEOUT');
    expect(states).toEqual(['open']);
    connection.close('test over');
  });

  it('is replaced when the network comes back', async () => {
    const { gateway, network, connection } = await joined();
    gateway.last.dead = true;
    network.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.calls).toEqual(['0:join', '1:resume']);
    expect(connection.state).toBe('open');
    connection.close('test over');
  });
});

describe('a gateway that stops', () => {
  it('is left for another one without a moment of being lost', async () => {
    const { gateway, states, log, connection } = await joined();
    const [first] = gateway.sockets;
    connection.renew();
    await vi.advanceTimersByTimeAsync(200);
    expect(gateway.calls).toEqual(['0:join', '1:resume']);
    expect(first?.readyState).toBe(3);
    expect(gateway.last.readyState).toBe(1);
    expect(states).toEqual(['open']);
    expect(log).toEqual(['resumed 0/0']);
    connection.close('test over');
  });

  it('stays in use while no other one answers', async () => {
    const { gateway, states, log, connection } = await joined();
    gateway.errors.push(new HoldfastError('SESSION_UNKNOWN', 'not here'));
    connection.renew();
    await vi.advanceTimersByTimeAsync(200);
    const answered = connection.request('producer.pause', pause).then(() => log.push('answered'));
    await vi.advanceTimersByTimeAsync(10);
    await answered;
    expect(gateway.calls.at(-1)).toBe('0:producer.pause');
    expect(states).toEqual(['open']);
    expect(log).toEqual(['answered']);
    connection.close('test over');
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

  it('does not wait for a gateway that is silent', async () => {
    const { gateway, connection } = await joined();
    gateway.silent.add('leave');
    const left = connection.leave();
    await vi.advanceTimersByTimeAsync(1_600);
    await left;
    expect(connection.state).toBe('closed');
  });
});
