import { Blame } from '@holdfast/media-server/client/blame.ts';
import { Leg } from '@holdfast/media-server/client/leg.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevice } from './fake-device.ts';
import { someLeg, someStream } from './some-leg.ts';

vi.mock('mediasoup-client', async () => ({ Device: (await import('./fake-device.ts')).FakeDevice }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  FakeDevice.forget();
  expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  vi.useRealTimers();
});

function setUp() {
  const blame = new Blame();
  const received: string[] = [];
  const problems: string[] = [];
  const goodbyes: string[] = [];
  const open = async (legId: string) => {
    const leg = new Leg(
      someLeg(legId),
      { request: async () => ({}) as never },
      {
        received: ({ info }) => received.push(`${legId} ${info.producerId}`),
        consumerPaused: () => {},
        consumerClosed: () => {},
        healthChanged: () => {},
        ended: (ended) => goodbyes.push(ended.legId),
        problem: ({ message }) => problems.push(message),
      },
      blame,
      0,
    );
    await leg.start();
    return leg;
  };
  return { received, problems, goodbyes, open };
}

describe('a stream that breaks receiving', () => {
  it('alone is known at once, and left out on the next leg', async () => {
    const { received, problems, open } = setUp();
    FakeDevice.broken.add('bad');
    const first = await open('l1');
    first.offer(someStream('l1', 'good'));
    await vi.advanceTimersByTimeAsync(10);
    first.offer(someStream('l1', 'bad'));
    await vi.advanceTimersByTimeAsync(10);
    expect(first.spoilt).toBe(true);
    expect(problems.at(-1)).toBe('stream bad of of-bad breaks receiving and is left out');
    first.close();
    const second = await open('l2');
    for (const id of ['bad', 'good', 'new']) second.offer(someStream('l2', id));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(second.spoilt).toBe(false);
    expect(received).toEqual(['l1 good', 'l2 good', 'l2 new']);
    second.close();
  });

  it('among others is found on the next leg, where it comes last and by itself', async () => {
    const { received, open } = setUp();
    FakeDevice.broken.add('bad');
    const first = await open('l1');
    for (const id of ['a', 'bad', 'b']) first.offer(someStream('l1', id));
    await vi.advanceTimersByTimeAsync(10);
    expect(received).toEqual([]);
    first.close();
    const second = await open('l2');
    for (const id of ['a', 'bad', 'b', 'c']) second.offer(someStream('l2', id));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeDevice.named('l2-recv').rounds).toEqual([['c'], ['a'], ['bad']]);
    second.close();
    const third = await open('l3');
    for (const id of ['a', 'bad', 'b', 'c']) third.offer(someStream('l3', id));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(third.spoilt).toBe(false);
    expect(received.filter((one) => one.startsWith('l3')).toSorted()).toEqual(['l3 a', 'l3 b', 'l3 c']);
    third.close();
  });
});

describe('a node that closes a path', () => {
  it('is heard on the way of the media, once however many streams there are, though WebRTC still says connected', async () => {
    const { goodbyes, open } = setUp();
    const leg = await open('l1');
    for (const id of ['a', 'b']) leg.offer(someStream('l1', id));
    await vi.advanceTimersByTimeAsync(10);
    const recv = FakeDevice.named('l1-recv');
    recv.becomes('connected');
    expect(goodbyes).toEqual([]);
    recv.dtls.becomes('closed');
    expect(goodbyes).toEqual(['l1']);
    expect(leg.paths.map(({ state }) => state)).toEqual(['unused', 'ended']);
    leg.close();
  });

  it('is heard by somebody who only sends', async () => {
    const { goodbyes, open } = setUp();
    const leg = await open('l1');
    await leg.produce('microphone', false, {});
    FakeDevice.named('l1-send').dtls.becomes('closed');
    expect(goodbyes).toEqual(['l1']);
    leg.close();
  });

  it('because we have closed the leg says nothing new', async () => {
    const { goodbyes, open } = setUp();
    const leg = await open('l1');
    await leg.produce('microphone', false, {});
    leg.close();
    FakeDevice.named('l1-send').dtls.becomes('closed');
    expect(goodbyes).toEqual([]);
  });
});

describe('a leg whose ICE servers change', () => {
  const one = { urls: 'turn:one.example', username: '1:ada', credential: 'x' };
  const two = { urls: 'turn:two.example', username: '1:ada', credential: 'y' };

  async function open() {
    const asked: string[] = [];
    const leg = new Leg(
      { ...someLeg('l1'), iceServers: [one] },
      {
        request: async (method: string) => {
          asked.push(method);
          return { iceParameters: { usernameFragment: 'u', password: 'p' }, iceServers: [two] } as never;
        },
      },
      {
        received: () => {},
        consumerPaused: () => {},
        consumerClosed: () => {},
        healthChanged: () => {},
        ended: () => {},
        problem: ({ message }) => {
          throw new Error(message);
        },
      },
      new Blame(),
      0,
    );
    await leg.start();
    const [send, recv] = [FakeDevice.named('l1-send'), FakeDevice.named('l1-recv')];
    return { leg, send, recv };
  }

  it('takes new credentials, and leaves its paths alone', async () => {
    const { leg, send, recv } = await open();
    for (const transport of [send, recv]) transport.becomes('connected');
    send.localCandidate = 'relay';
    leg.takeIceServers([{ ...one, username: '2:ada' }]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([send.ice, recv.ice]).toEqual([['turn:one.example'], ['turn:one.example']]);
    leg.close();
  });

  it('leaves a TURN server that is about to go, where media is relayed by it', async () => {
    const { leg, send, recv } = await open();
    for (const transport of [send, recv]) transport.becomes('connected');
    send.localCandidate = 'relay';
    leg.takeIceServers([two]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(send.ice).toEqual(['turn:two.example', 'turn:two.example', 'restart']);
    expect(recv.ice).toEqual(['turn:two.example']);
    leg.close();
  });

  it('leaves it while it is still seeking its path', async () => {
    const { leg, send } = await open();
    leg.takeIceServers([two]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(send.ice).toContain('restart');
    leg.close();
  });
});
