import { describe, expect, it } from 'vitest';
import type { Diagnostics, JoinOptions, MediaPath } from '../../media-server/client/types.ts';
import { HoldfastError } from '../../media-server/protocol/errors.ts';
import { verdict } from '../../media-server/web/lib/check-words.ts';
import {
  NetworkCheck,
  type NetworkCheckOptions,
  qualityBetween,
} from '../../media-server/web/lib/network-check.ts';

const offers = [
  { path: 'udp', host: '192.0.2.1', port: 40_000 },
  { path: 'udp', host: '2001:db8::1', port: 40_000 },
  { path: 'tcp', host: '192.0.2.1', port: 40_000 },
  { path: 'turn-tls', host: 'turn.example.org', port: 443 },
] as const;

/** A server behind a network that lets these paths through; the clock moves when somebody waits. */
class FakeNetwork {
  readonly passes: ReadonlySet<MediaPath>;
  readonly joined: (MediaPath | 'any')[] = [];
  readonly pictures = { made: 0, stopped: 0 };
  refusal: HoldfastError | undefined;
  inside = 0;
  tokens = 0;
  #nowMs = 0;

  constructor(...passes: readonly MediaPath[]) {
    this.passes = new Set(passes);
  }

  get options(): NetworkCheckOptions {
    return {
      join: (options) => this.#join(options),
      token: async () => {
        this.tokens += 1;
        return `token-${this.tokens}`;
      },
      once: false,
      picture: () => {
        this.pictures.made += 1;
        const stop = () => {
          this.pictures.stopped += 1;
        };
        return { track: {} as MediaStreamTrack, stop };
      },
      now: () => this.#nowMs,
      wait: async (ms, signal) => {
        signal.throwIfAborted();
        this.#nowMs += ms;
      },
    };
  }

  async #join({ onlyPath }: JoinOptions) {
    if (this.refusal) throw this.refusal;
    this.joined.push(onlyPath ?? 'any');
    this.inside += 1;
    const path = onlyPath ?? offers.map((offer) => offer.path).find((one) => this.passes.has(one));
    const connected = path !== undefined && this.passes.has(path);
    return {
      diagnostics: async () => this.#diagnostics(connected ? path : undefined),
      leave: async () => {
        this.inside -= 1;
      },
    };
  }

  #diagnostics(path: MediaPath | undefined): Diagnostics {
    return {
      ...{ state: 'connected', switches: [] },
      streams: [
        {
          ...{ participantId: 'p', displayName: 'P', source: 'camera', legId: 'l', nodeId: 'n' },
          ...{ concealedMs: undefined, concealedSinceSwitchMs: undefined, framesDecoded: 1, frameWidth: 640 },
          ...{ bytesReceived: this.#nowMs * 125, packetsReceived: this.#nowMs, packetsLost: this.#nowMs / 9 },
        },
      ],
      legs: [
        {
          ...{ legId: 'l', nodeId: 'n', reason: 'join', current: true, recvState: 'new', path, offers },
          sendState: path === undefined ? 'connecting' : 'connected',
          ...{ outgoingLostShare: 0.02, outgoingBitrateBps: 2_000_000, roundTripMs: 20.4 },
        },
      ],
    };
  }
}

const checked = async (network: FakeNetwork, change: Partial<NetworkCheckOptions> = {}) => {
  const check = new NetworkCheck({ ...network.options, ...change });
  await check.run(new AbortController().signal);
  return check.view;
};

describe('the check of a network', () => {
  it('tries each way apart, and says which would be used', async () => {
    const network = new FakeNetwork('tcp', 'turn-tls');
    const view = await checked(network);
    expect(view.state).toBe('done');
    expect(view.paths).toEqual([
      { path: 'udp', at: ['192.0.2.1:40000', '[2001:db8::1]:40000'], state: 'blocked', roundTripMs: null },
      { path: 'tcp', at: ['192.0.2.1:40000'], state: 'works', roundTripMs: 20 },
      { path: 'turn-tls', at: ['turn.example.org:443'], state: 'works', roundTripMs: 20 },
    ]);
    expect(verdict(NetworkCheck.outcomes(view)).willUse).toBe('tcp');
    expect(network.joined.toSorted()).toEqual(['any', 'any', 'tcp', 'turn-tls', 'udp']);
  });

  it('measures with a second participant what goes up and comes down', async () => {
    const { quality } = await checked(new FakeNetwork('udp'));
    expect(quality).toEqual({
      roundTripMs: 20,
      lostShare: 0.1,
      uploadBps: 2_000_000,
      downloadBps: 1_000_000,
    });
  });

  it('leaves nobody in the meeting, and no picture running', async () => {
    for (const network of [new FakeNetwork('udp'), new FakeNetwork()]) {
      await checked(network);
      expect(network.inside).toBe(0);
      expect(network.pictures.stopped).toBe(network.pictures.made);
    }
  });

  it('tells in plain words when nobody is let in', async () => {
    const network = new FakeNetwork('udp');
    network.refusal = new HoldfastError('CONNECTION_CLOSED', 'no');
    const view = await checked(network);
    expect(view).toMatchObject({
      state: 'done',
      paths: [],
      problem: { title: 'The server cannot be reached' },
    });
  });

  it('tells of one way only when its token lets one in', async () => {
    const network = new FakeNetwork('turn-tls');
    const view = await checked(network, { once: true });
    expect(network.joined).toEqual(['any']);
    expect(view.paths).toMatchObject([{ path: 'turn-tls', state: 'works' }]);
    const nothing = await checked(new FakeNetwork(), { once: true });
    expect(nothing.paths.map(({ state }) => state)).toEqual(['blocked', 'blocked', 'blocked']);
  });

  it('ends when the page is left', async () => {
    const network = new FakeNetwork('udp');
    const ending = new AbortController();
    const check = new NetworkCheck({
      ...network.options,
      wait: async (_ms, signal) => {
        ending.abort(new Error('left'));
        signal.throwIfAborted();
      },
    });
    await expect(check.run(ending.signal)).rejects.toThrow('left');
    expect(network.pictures.stopped).toBe(network.pictures.made);
  });

  it('knows nothing of what did not come', () => {
    const nothing: Diagnostics = { state: 'connected', legs: [], streams: [], switches: [] };
    expect(qualityBetween(nothing, nothing, 6000)).toEqual({
      ...{ roundTripMs: null, lostShare: null, uploadBps: null, downloadBps: null },
    });
  });
});
