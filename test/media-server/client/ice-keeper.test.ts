import {
  IceKeeper,
  type IceRestart,
  type RestartableTransport,
} from '@holdfast/media-server/client/ice-keeper.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

class FakeTransport implements RestartableTransport {
  connectionState = 'connected';
  closed = false;
  restarts = 0;
  readonly did: string[] = [];
  #listener: (state: string) => void = () => {};

  on(_event: 'connectionstatechange', listener: (state: string) => void): void {
    this.#listener = listener;
  }

  becomes(state: string): void {
    this.connectionState = state;
    this.#listener(state);
  }

  async updateIceServers({ iceServers }: { iceServers: RTCIceServer[] }): Promise<void> {
    this.did.push(`servers ${iceServers.flatMap(({ urls }) => urls).join()}`);
  }

  async restartIce(): Promise<void> {
    this.did.push('restart');
    this.restarts += 1;
  }
}

const answer: IceRestart = {
  iceParameters: { usernameFragment: 'u', password: 'p' },
  iceServers: undefined,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  vi.useRealTimers();
});

describe('a transport whose path breaks', () => {
  it('gets new ICE credentials once signalling brings them', async () => {
    const transport = new FakeTransport();
    const fromNode = Promise.withResolvers<IceRestart>();
    const keeper = new IceKeeper(transport, () => fromNode.promise);
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(transport.restarts).toBe(0);
    fromNode.resolve(answer);
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.restarts).toBe(1);
    keeper.close();
  });

  it('is tried three times, not for ever', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => answer);
    transport.becomes('disconnected');
    transport.becomes('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(transport.restarts).toBe(3);
    keeper.close();
  });

  it('has three tries again after it was connected', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => answer);
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(60_000);
    transport.becomes('connected');
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.restarts).toBe(4);
    keeper.close();
  });

  it('is tried again when the node did not answer', async () => {
    const transport = new FakeTransport();
    let asked = 0;
    const keeper = new IceKeeper(transport, async () => {
      asked += 1;
      if (asked === 1) throw new Error('no answer');
      return answer;
    });
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(4_100);
    expect(transport.restarts).toBe(1);
    keeper.close();
  });

  it('is left alone once its leg is closed', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => answer);
    keeper.close();
    transport.becomes('failed');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(transport.restarts).toBe(0);
  });
});

describe('a transport whose TURN server is about to go', () => {
  const elsewhere: IceRestart = { ...answer, iceServers: [{ urls: 'turn:other.example' }] };

  it('takes the other servers first and restarts ICE then, while its path stands', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => elsewhere);
    keeper.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(transport.did).toEqual(['servers turn:other.example', 'restart']);
    keeper.close();
  });

  it('is tried again when the node did not answer, though nothing is broken', async () => {
    const transport = new FakeTransport();
    let asked = 0;
    const keeper = new IceKeeper(transport, async () => {
      asked += 1;
      if (asked === 1) throw new Error('no answer');
      return elsewhere;
    });
    keeper.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([asked, transport.restarts]).toEqual([2, 1]);
    keeper.close();
  });

  it('does not take the end of the old path for a broken one: the new one is given a while', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => elsewhere);
    keeper.leave();
    await vi.advanceTimersByTimeAsync(100);
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(1_000);
    transport.becomes('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(transport.restarts).toBe(1);
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.restarts).toBe(2);
    keeper.close();
  });

  it('may leave as often as it is told: no try is lost for a path that breaks later', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => elsewhere);
    for (let i = 0; i < 5; i += 1) {
      keeper.leave();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(transport.restarts).toBe(5);
    keeper.close();
  });
});
