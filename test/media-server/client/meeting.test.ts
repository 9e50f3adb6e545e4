import { Meeting } from '@holdfast/media-server/client/meeting.ts';
import { closeCode } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevice } from './fake-device.ts';
import { FakeGateway } from './fake-gateway.ts';
import { FakeTrack } from './fake-track.ts';
import { someLeg } from './some-leg.ts';

vi.mock('mediasoup-client', async () => ({ Device: (await import('./fake-device.ts')).FakeDevice }));

class FakeAudioContext extends EventTarget {
  state = 'running';
  async resume(): Promise<void> {}
  async close(): Promise<void> {
    this.state = 'closed';
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('AudioContext', FakeAudioContext);
  vi.stubGlobal('reportError', () => {});
});
afterEach(() => {
  FakeDevice.forget();
  expect(vi.getTimerCount(), 'no timer is left').toBe(0);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function joined() {
  const gateway = new FakeGateway();
  const log: string[] = [];
  const meeting = new Meeting(gateway.open, (event, fields) =>
    log.push(`${event} ${Object.values(fields).join(' ')}`),
  );
  meeting.on('left', ({ code }) => log.push(`LEFT ${code}`));
  const entered = meeting.join({ token: 'token' });
  await vi.advanceTimersByTimeAsync(10);
  gateway.last.peer.notify('leg.open', someLeg('n:1'));
  await vi.advanceTimersByTimeAsync(20);
  await entered;
  for (const kind of ['send', 'recv']) FakeDevice.named(`n:1-${kind}`).becomes('connected');
  const leave = async () => {
    const left = meeting.leave();
    await vi.advanceTimersByTimeAsync(2_000);
    await left;
  };
  return { gateway, log, meeting, leave };
}

describe('the end of a leg', () => {
  it('is never the end of the participation, whatever the reason', async () => {
    const { gateway, log, meeting, leave } = await joined();
    gateway.last.peer.notify('leg.close', { legId: 'n:never-heard-of', reason: 'left' });
    gateway.last.peer.notify('leg.close', { legId: 'n:1', reason: 'left' });
    await vi.advanceTimersByTimeAsync(10);
    expect(meeting.state).toBe('recovering');
    expect(log).not.toContain('LEFT expired');
    await leave();
  });

  it('makes the client ask for another one when none comes', async () => {
    const { gateway, meeting, leave } = await joined();
    gateway.last.peer.notify('leg.close', { legId: 'n:1', reason: 'left' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(gateway.calls).toContain('0:leg.renew n:1');
    gateway.last.peer.notify('leg.open', someLeg('n:2', 'recovery'));
    await vi.advanceTimersByTimeAsync(100);
    expect(meeting.state).toBe('connected');
    await leave();
  });
});

describe('a leg that its node ends without a word from the gateway', () => {
  /** Somebody who sends, so that there is a path to be closed. */
  async function sending() {
    const world = await joined();
    await world.meeting.publish('microphone', new FakeTrack('audio'));
    const goodbye = () => FakeDevice.named('n:1-send').dtls.becomes('closed');
    return { ...world, goodbye };
  }

  it('means that the WebSocket may be dead: a second one is opened within half a second, not after five', async () => {
    const { gateway, goodbye, leave } = await sending();
    await vi.advanceTimersByTimeAsync(1_000);
    gateway.last.dead = true;
    goodbye();
    await vi.advanceTimersByTimeAsync(390);
    expect(gateway.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(150);
    expect(gateway.calls).toContain('1:resume');
    await leave();
  });

  it('on a WebSocket that lives opens no second one; the gateway is asked for another leg when none comes', async () => {
    const { gateway, goodbye, leave } = await sending();
    goodbye();
    await vi.advanceTimersByTimeAsync(2_500);
    expect(gateway.calls).not.toContain('0:leg.renew n:1');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(gateway.calls).toContain('0:leg.renew n:1');
    expect(gateway.sockets).toHaveLength(1);
    await leave();
  });

  it('as it was told is nothing to doubt anything for', async () => {
    const { gateway, goodbye, log, leave } = await sending();
    gateway.last.peer.notify('leg.open', someLeg('n:2', 'handover'));
    gateway.last.peer.notify('leg.close', { legId: 'n:1', reason: 'moved' });
    await vi.advanceTimersByTimeAsync(50);
    goodbye();
    await vi.advanceTimersByTimeAsync(50);
    expect(log.filter((line) => line.startsWith('leg.ended'))).toEqual([]);
    await leave();
  });
});

describe('a path that stays broken', () => {
  it('is said, and after 8 s another leg is asked for', async () => {
    const { gateway, meeting, leave } = await joined();
    for (const kind of ['send', 'recv']) FakeDevice.named(`n:1-${kind}`).becomes('disconnected');
    expect(meeting.state).toBe('recovering');
    await vi.advanceTimersByTimeAsync(7_500);
    expect(gateway.calls).not.toContain('0:leg.renew n:1');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(gateway.calls).toContain('0:leg.renew n:1');
    await leave();
  });
});

describe('a gateway that is gone', () => {
  it('ends nothing for a quarter of an hour and more while media flows', async () => {
    const { gateway, log, meeting, leave } = await joined();
    gateway.refusing = true;
    gateway.last.break();
    await vi.advanceTimersByTimeAsync(15 * 60_000);
    expect(meeting.state).toBe('reconnecting');
    expect(log.filter((line) => line.startsWith('LEFT'))).toEqual([]);
    gateway.refusing = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(meeting.state).toBe('connected');
    await leave();
  });

  it.each([
    { code: closeCode.replaced, word: 'LEFT replaced' },
    { code: closeCode.ended, word: 'LEFT ended' },
    { code: closeCode.removed, word: 'LEFT removed' },
  ])('after it said so by $code, is the end: $word', async ({ code, word }) => {
    const { gateway, log, meeting } = await joined();
    gateway.last.break(code);
    expect(log.at(-1)).toBe(word);
    expect(meeting.state).toBe('left');
  });
});

describe('after the end', () => {
  it('nothing is published and nothing opens, whatever the gateway still says', async () => {
    const { gateway, log, meeting } = await joined();
    meeting.publish('microphone', new FakeTrack('audio')).catch(() => {});
    gateway.last.break(closeCode.ended);
    gateway.last.peer.notify('leg.open', someLeg('n:2', 'recovery'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeDevice.transports.map(({ id, closed }) => [id, closed])).toEqual([
      ['n:1-send', true],
      ['n:1-recv', true],
    ]);
    expect(gateway.sockets).toHaveLength(1);
    expect(log.at(-1)).toBe('LEFT ended');
  });

  it('that comes while joining, with however long a message, the WebSocket is closed and the caller told', async () => {
    const gateway = new FakeGateway();
    const meeting = new Meeting(gateway.open);
    const entered = meeting.join({ token: 'token' }).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(10);
    gateway.last.peer.notify('leg.open', someLeg('n:1'));
    vi.spyOn(FakeDevice.prototype, 'load').mockRejectedValueOnce(new Error(`no: ${'x'.repeat(500)}`));
    await vi.advanceTimersByTimeAsync(20);
    expect(await entered).toContain('xxx');
    expect(gateway.last.readyState).toBe(3);
    expect(meeting.state).toBe('left');
  });
});
