import { once } from 'node:events';
import { controlPlaneConfig } from '@holdfast/media-server/config/index.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { closeCode, PROTOCOL_VERSION } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, Platform, type PlatformOptions } from '../platform.ts';

const { limits: defaults } = controlPlaneConfig.parse({ role: 'control-plane' });

describe('abuse of signalling', () => {
  let platform: Platform;
  const raws: WebSocket[] = [];
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.terminate();
    await platform.close();
  });
  const start = async (options: PlatformOptions = {}) => {
    platform = await Platform.start(options);
    return platform.node('n1');
  };
  const raw = (headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${platform.port}/v1/signal`, { headers });
    socket.on('error', () => {});
    raws.push(socket);
    return socket;
  };
  const refusals = (what: string) => platform.metric(`holdfast_signal_refusals_total{what="${what}"}`);

  it('500 connections that never enter lock nobody out, from the same address either', async () => {
    await start();
    const ada = await platform.participant('ada');
    const idle = Array.from({ length: 500 }, () => raw());
    await Promise.all(idle.map((socket) => once(socket, 'open')));
    const bob = await platform.participant('bob');
    await eventually(() => ada.told.includes('participant.joined bob'));
    expect(ada.open && bob.open).toBe(true);
    await eventually(async () => (await refusals('evicted')) >= 500 - defaults.waitingPerAddress);
  });

  it('an address with too many participants gets 429, a full server 503', async () => {
    await start({
      config: {
        limits: { ...defaults, total: 2, perAddress: 1 },
        http: { host: '127.0.0.1', port: 0, trustedProxies: ['127.0.0.1'] },
      },
    });
    await platform.participant('ada');
    const again = raw();
    const [, refusal] = await once(again, 'unexpected-response');
    expect(refusal.statusCode).toBe(429);
    const elsewhere = raw({ 'x-forwarded-for': '192.0.2.1' });
    await once(elsewhere, 'open');
    const token = await platform.token('bob');
    elsewhere.send(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'join',
        params: { protocol: PROTOCOL_VERSION, token },
      }),
    );
    // The first message is the answer.
    await once(elsewhere, 'message');
    const [, full] = await once(raw({ 'x-forwarded-for': '192.0.2.2' }), 'unexpected-response');
    expect(full.statusCode).toBe(503);
    expect([await refusals('address'), await refusals('total')]).toEqual([1, 1]);
  });

  it('a session has one allowance for what its node is asked, however often it comes back', async () => {
    let nowMs = Date.now();
    await start({ clock: { ...systemClock, now: () => nowMs } });
    const ada = await platform.participant('ada');
    const [leg] = ada.legs.values();
    const legId = leg?.legId ?? '';
    const ready = () => ada.rpc.request('leg.ready', { legId, rtpCapabilities: { codecs: [] } });
    const flood = async (times: number) => {
      const settled = await Promise.allSettled(Array.from({ length: times }, ready));
      return settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    };
    for (let i = 0; i < 2; i += 1) await flood(200);
    await ada.drop();
    await ada.connect(platform.port);
    await ada.resume();
    expect(new Set(await flood(200))).toEqual(new Set(['TOO_MANY']));
    expect(await refusals('relay')).toBeGreaterThan(0);
    await expect(ada.rpc.request('ping', {})).resolves.toEqual({});
    nowMs += 1000;
    await expect(ready()).resolves.toEqual({});
  });

  it('who goes on flooding is cut off, and may resume', async () => {
    await start();
    const ada = await platform.participant('ada');
    for (let i = 0; i < 2000; i += 1) ada.send('{"jsonrpc":"2.0","method":"consumer.stalled","params":{}}');
    await eventually(() => ada.closeCode === closeCode.tooMany);
    await ada.connect(platform.port);
    await expect(ada.resume()).resolves.toMatchObject({ participantId: 'ada' });
  });

  it('a browser that is gone without a word is noticed after three pings', async () => {
    await start({ limits: { clientPingMs: 20 } });
    const socket = raw();
    await once(socket, 'open');
    const token = await platform.token('ada');
    socket.send(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'join',
        params: { protocol: PROTOCOL_VERSION, token },
      }),
    );
    await once(socket, 'message');
    socket.pause();
    await eventually(async () => (await platform.metric('holdfast_sessions{state="away"}')) === 1);
  });

  it('a bad frame to a gateway that stops ends nothing but its own connection', async () => {
    await start({ limits: { closingMs: 200 } });
    const ada = await platform.participant('ada');
    const closed = platform.controlPlane.close('test');
    await eventually(() => ada.closing !== undefined);
    const late = raw();
    let wroteNonsense = false;
    late.once('upgrade', ({ socket }) => {
      // Reserved bits and an opcode that does not exist.
      wroteNonsense = socket.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));
    });
    await once(late, 'close');
    expect(wroteNonsense).toBe(true);
    await closed;
  });
});
