import { errorBody, meetingView, tokenView } from '@holdfast/media-server/protocol/index.ts';
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
});
