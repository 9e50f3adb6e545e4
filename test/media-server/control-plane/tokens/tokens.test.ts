import { Tokens } from '@holdfast/media-server/control-plane/tokens/tokens.ts';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';

const key = 'a key of enough characters';
const grant = { meetingId: 'm1', participantId: 'p1', displayName: 'Ada' };
const resumeGrant = { ...grant, sessionId: 's1', turn: 1 };
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

describe('tokens', () => {
  it('let in whom they name, into the meeting they name', async () => {
    const tokens = new Tokens(key);
    const { token } = await tokens.participant(grant, 60);
    expect(await tokens.verifyParticipant(token)).toMatchObject(grant);
  });

  it('of participants end when they say', async () => {
    let nowMs = 1_700_000_000_000;
    const tokens = new Tokens(key, () => nowMs);
    const { token, expiresAtMs } = await tokens.participant(grant, 60);
    expect(expiresAtMs).toBe(nowMs + 60_000);
    nowMs = expiresAtMs - 1000;
    await expect(tokens.verifyParticipant(token)).resolves.toMatchObject(grant);
    nowMs = expiresAtMs;
    await expect(tokens.verifyParticipant(token)).rejects.toThrow('has expired');
  });

  it('of one kind never pass for the other', async () => {
    const tokens = new Tokens(key);
    const { token } = await tokens.participant(grant, 60);
    const resume = await tokens.resume(resumeGrant);
    await expect(tokens.verifyResume(token)).rejects.toEqual(unauthenticated);
    await expect(tokens.verifyParticipant(resume)).rejects.toEqual(unauthenticated);
  });

  it('to resume are valid for every process with the same key, and for none with another', async () => {
    const token = await new Tokens(key).resume(resumeGrant);
    expect(await new Tokens(key).verifyResume(token)).toMatchObject(resumeGrant);
    await expect(new Tokens('another key of enough characters').verifyResume(token)).rejects.toEqual(
      unauthenticated,
    );
  });

  it('that were changed are refused', async () => {
    const tokens = new Tokens(key);
    const [header, , signature] = (await tokens.participant(grant, 60)).token.split('.');
    const forged = Buffer.from(JSON.stringify({ sub: 'p2', meeting: 'm1', name: 'Eve' })).toString(
      'base64url',
    );
    await expect(tokens.verifyParticipant(`${header}.${forged}.${signature}`)).rejects.toEqual(
      unauthenticated,
    );
    await expect(tokens.verifyParticipant('nonsense')).rejects.toEqual(unauthenticated);
  });

  it('signed with the key for something else are refused', async () => {
    const token = await new SignJWT({ meeting: 'm1', name: 'Ada' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('p1')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(key));
    await expect(new Tokens(key).verifyParticipant(token)).rejects.toEqual(unauthenticated);
  });
});
