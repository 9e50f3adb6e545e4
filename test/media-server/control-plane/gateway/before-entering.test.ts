import { closeCode } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, Platform } from '../platform.ts';

describe('before entering', () => {
  let platform: Platform;
  afterEach(() => platform.close());

  it('neither pings nor a failed join make the time longer', async () => {
    platform = await Platform.start({ limits: { firstMessageMs: 300 } });
    const busy = await platform.client();
    const ends: string[] = [];
    void busy.rpc.closed.then(() => ends.push('busy'));
    await busy.rpc.request('ping', {});
    // This one has all its time from now on, and so would the other one, if its attempt counted for anything.
    const silent = await platform.client();
    void silent.rpc.closed.then(() => ends.push('silent'));
    await silent.rpc.request('ping', {});
    await expect(busy.join('no token')).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    await busy.rpc.request('ping', {});
    await eventually(() => ends.length === 2);
    expect(ends).toEqual(['busy', 'silent']);
    expect(busy.closeCode).toBe(closeCode.notEntered);
  });

  it('after three failed joins the connection is closed, answers first', async () => {
    platform = await Platform.start();
    const client = await platform.client();
    const codes: unknown[] = [];
    for (let i = 0; i < 3; i += 1) await client.join('no token').catch((error) => codes.push(error.code));
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED']);
    await eventually(() => client.closeCode === closeCode.notEntered);
  });

  it('16 KiB are all it may send', async () => {
    platform = await Platform.start();
    const client = await platform.client();
    client.send('x'.repeat(10_000));
    client.send('x'.repeat(10_000));
    await eventually(() => client.closeCode === closeCode.tooMany);
  });

  it('who has entered may send more than that, but no message above 32 KiB', async () => {
    platform = await Platform.start();
    await platform.node('n1');
    const ada = await platform.participant('ada');
    for (let i = 0; i < 4; i += 1) ada.send('x'.repeat(10_000));
    await ada.rpc.request('ping', {});
    expect(ada.open).toBe(true);
    ada.send('x'.repeat(33 * 1024));
    await eventually(() => ada.closeCode !== undefined);
    // "Message too big", of the WebSocket protocol.
    expect(ada.closeCode).toBe(1009);
  });
});
