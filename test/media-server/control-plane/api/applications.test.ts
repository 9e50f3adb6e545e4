import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import {
  closeCode,
  errorBody,
  meetingList,
  meetingView,
  tokenView,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, Platform, secrets } from '../platform.ts';

describe('applications', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => platform.close());
  const application = (path: string, body?: unknown) =>
    platform.api('POST', path, secrets.HOLDFAST_API_KEY, body);
  const remove = (path: string) => platform.api('DELETE', path, secrets.HOLDFAST_API_KEY);
  const code = async (response: Response) => errorBody.parse(await response.json()).error.code;

  it('make a meeting once, and get the same one when they make it again with the same values', async () => {
    const wanted = { meetingId: 'm1', startsAtMs: 2_000_000_000_000, expectedParticipants: 12 };
    const made = await application('/v1/meetings', wanted);
    expect(made.status).toBe(201);
    const first = meetingView.parse(await made.json());
    expect(first).toMatchObject({ ...wanted, nodeId: null, epoch: null, participants: 0 });
    const again = await application('/v1/meetings', wanted);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(first);
  });

  it('cannot make it again with other values', async () => {
    await application('/v1/meetings', { meetingId: 'm1', expectedParticipants: 12 });
    const response = await application('/v1/meetings', { meetingId: 'm1', expectedParticipants: 13 });
    expect(response.status).toBe(409);
    expect(await code(response)).toBe('CONFLICT');
  });

  it('may leave the meeting’s id to us', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 3; i += 1)
      ids.add(meetingView.parse(await (await application('/v1/meetings')).json()).meetingId);
    expect(ids.size).toBe(3);
  });

  it('get tokens with which their participants can join', async () => {
    await platform.node('n1');
    await application('/v1/meetings', { meetingId: 'm1' });
    const response = await application('/v1/meetings/m1/tokens', { displayName: 'Ada', ttlSeconds: 60 });
    expect(response.status).toBe(201);
    const { token, participantId, meetingId } = tokenView.parse(await response.json());
    const client = await platform.client();
    expect(await client.join(token)).toMatchObject({ meetingId, participantId, displayName: 'Ada' });
  });

  it('get tokens for a running meeting even if the record of its making was lost', async () => {
    await platform.node('n1');
    await platform.participant('ada');
    await platform.stopControlPlane();
    await platform.startControlPlaneAgain();
    await eventually(
      async () => (await application('/v1/meetings/m1/tokens', { displayName: 'Bob' })).status === 201,
    );
  });

  it('are told what is wrong', async () => {
    expect(await code(await application('/v1/meetings/m9/tokens', { displayName: 'Ada' }))).toBe(
      'MEETING_UNKNOWN',
    );
    expect(await code(await application('/v1/meetings', { meetingId: 'no spaces' }))).toBe('BAD_REQUEST');
    expect(await code(await application('/v1/meetings', { meetingId: 'm1', expectedParticipants: 0 }))).toBe(
      'BAD_REQUEST',
    );
    await application('/v1/meetings', { meetingId: 'm1' });
    expect(await code(await application('/v1/meetings/m1/tokens', { displayName: ' ' }))).toBe('BAD_REQUEST');
    expect(await code(await application('/v1/meetings/m1/tokens'))).toBe('BAD_REQUEST');
    const notJson = await fetch(`http://127.0.0.1:${platform.port}/v1/meetings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secrets.HOLDFAST_API_KEY}`, 'content-type': 'application/json' },
      body: '{',
    });
    expect(notJson.status).toBe(400);
    expect(await code(notJson)).toBe('BAD_REQUEST');
  });

  it('must have the API key; the operator token is not enough', async () => {
    for (const token of [undefined, 'wrong', secrets.HOLDFAST_OPERATOR_TOKEN]) {
      expect((await platform.api('POST', '/v1/meetings', token)).status).toBe(401);
      expect((await platform.api('POST', '/v1/meetings/m1/tokens', token)).status).toBe(401);
    }
  });

  it('are counted when they come without it', async () => {
    await platform.api('POST', '/v1/meetings', 'wrong');
    await platform.api('GET', '/v1/nodes');
    expect(await platform.metric('holdfast_unauthenticated_total{who="application"}')).toBeGreaterThan(0);
    expect(await platform.metric('holdfast_unauthenticated_total{who="operator"}')).toBeGreaterThan(0);
  });

  it('end a meeting at once, for everybody, and the tokens that were given out with it', async () => {
    const node = await platform.node('n1');
    const ada = await platform.participant('ada');
    const ben = await platform.participant('ben');
    const unused = await platform.token('cleo');
    expect((await remove('/v1/meetings/m1')).status).toBe(204);
    for (const client of [ada, ben]) await eventually(() => client.closeCode === closeCode.ended);
    await eventually(() => node.participants('m1').length === 0);
    await expect((await platform.client()).join(unused)).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    await ada.connect(platform.port);
    await expect(ada.resume()).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    expect(await code(await remove('/v1/meetings/nobody-knows-it'))).toBe('MEETING_UNKNOWN');
  });

  it('remove a participant at once; only a fresh token lets that one in again', async () => {
    const node = await platform.node('n1');
    const ada = await platform.participant('ada');
    const ben = await platform.participant('ben');
    const unused = await platform.token('ada');
    expect((await remove('/v1/meetings/m1/participants/ada')).status).toBe(204);
    await eventually(() => ada.closeCode === closeCode.removed);
    await eventually(() => ben.told.includes('participant.left ada'));
    expect(node.participants('m1')).toEqual(['ben']);
    await expect((await platform.client()).join(unused)).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    const again = await platform.participant('ada');
    expect(again.open).toBe(true);
  });

  it("are needed to end and to remove: participants' tokens are not enough", async () => {
    expect((await platform.api('DELETE', '/v1/meetings/m1', 'wrong')).status).toBe(401);
    expect((await platform.api('DELETE', '/v1/meetings/m1/participants/ada')).status).toBe(401);
  });

  it('and links let nobody in without the lobby, unless the configuration allows it', async () => {
    const settings = async (of: Platform) => (await of.api('GET', '/v1/page', undefined)).json();
    expect(await settings(platform)).toEqual({ autoJoin: false });
    const kiosk = await Platform.start({ config: { autoJoin: true } });
    expect(await settings(kiosk)).toEqual({ autoJoin: true });
    await kiosk.close();
  });

  it('are the only ones who let people in, unless the configuration opens the door', async () => {
    const body = { meetingId: 'm1', displayName: 'Ada' };
    expect((await platform.api('POST', '/v1/join', undefined, body)).status).toBe(404);
    const open = await Platform.start({ config: { openJoin: true } });
    await open.node('n1');
    const response = await open.api('POST', '/v1/join', undefined, body);
    expect(response.status).toBe(201);
    const client = await open.client();
    expect(await client.join(tokenView.parse(await response.json()).token)).toMatchObject(body);
    await open.close();
  });

  it('keep nothing of those who ask to join and never come, and let nobody ask too often', async () => {
    const open = await Platform.start({
      config: { openJoin: true, joinRates: { perAddress: 3, total: 100 } },
    });
    const statuses = [];
    for (let index = 0; index < 5; index += 1) {
      const body = { meetingId: `m${index}`, displayName: 'Ada' };
      statuses.push((await open.api('POST', '/v1/join', undefined, body)).status);
    }
    expect(statuses).toEqual([201, 201, 201, 429, 429]);
    const { meetings } = meetingList.parse(await (await open.operator('GET', '/v1/meetings')).json());
    expect(meetings).toEqual([]);
    await open.close();
  });

  it('are spoken to by a name of this machine where anybody may join: no other site may make itself look like it', async () => {
    const open = await Platform.start({ config: { openJoin: true } });
    const status = (host: string) =>
      new Promise((resolve, reject) => {
        const options = { port: open.port, host: '127.0.0.1', path: '/v1/page', headers: { host } };
        get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
    expect(await status('evil.example')).toBe(403);
    expect(await status('localhost:8443')).toBe(200);
    const upgrade = connect(open.port, '127.0.0.1');
    const headers = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    upgrade.write(
      `GET /v1/signal HTTP/1.1\r\nHost: evil.example\r\n${headers}Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n`,
    );
    const [answer] = await once(upgrade, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 403/);
    upgrade.destroy();
    await open.close();
  });

  it('make names that show what they are: marks of the direction of writing and what cannot be seen are left out', async () => {
    await platform.node('n1');
    await application('/v1/meetings', { meetingId: 'm1' });
    const join = async (displayName: string) => {
      const response = await application('/v1/meetings/m1/tokens', { displayName });
      if (response.status !== 201) return code(response);
      const { token } = tokenView.parse(await response.json());
      return (await (await platform.client()).join(token)).displayName;
    };
    expect(await join('a\u202egnp.exe')).toBe('agnp.exe');
    expect(await join(' \u0007Ada\u200b\n ')).toBe('Ada');
    expect(await join('Zoe\u0308')).toBe('Zo\u00eb');
    expect(await join('\u202e\u200b')).toBe('BAD_REQUEST');
    expect(await join('\u200d\u200c')).toBe('BAD_REQUEST');
  });
});
