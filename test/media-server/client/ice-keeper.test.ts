import { IceKeeper, type RestartableTransport } from '@holdfast/media-server/client/ice-keeper.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

class FakeTransport implements RestartableTransport {
  connectionState = 'connected';
  closed = false;
  restarts = 0;
  #listener: (state: string) => void = () => {};

  on(_event: 'connectionstatechange', listener: (state: string) => void): void {
    this.#listener = listener;
  }

  becomes(state: string): void {
    this.connectionState = state;
    this.#listener(state);
  }

  async restartIce(): Promise<void> {
    this.restarts += 1;
  }
}

const parameters = { usernameFragment: 'u', password: 'p' };

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
    const fromNode = Promise.withResolvers<typeof parameters>();
    const keeper = new IceKeeper(transport, () => fromNode.promise);
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(transport.restarts).toBe(0);
    fromNode.resolve(parameters);
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.restarts).toBe(1);
    keeper.close();
  });

  it('is tried three times, not for ever', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => parameters);
    transport.becomes('disconnected');
    transport.becomes('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(transport.restarts).toBe(3);
    keeper.close();
  });

  it('has three tries again after it was connected', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => parameters);
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
      return parameters;
    });
    transport.becomes('disconnected');
    await vi.advanceTimersByTimeAsync(4_100);
    expect(transport.restarts).toBe(1);
    keeper.close();
  });

  it('is left alone once its leg is closed', async () => {
    const transport = new FakeTransport();
    const keeper = new IceKeeper(transport, async () => parameters);
    keeper.close();
    transport.becomes('failed');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(transport.restarts).toBe(0);
  });
});
