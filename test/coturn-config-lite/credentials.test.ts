import { describe, expect, it } from 'vitest';
import { CoturnConfigError, makeCredentials, verifyCredentials } from '../../coturn-config-lite/index.ts';

const nowMs = 1_800_000_000_500;
const made = makeCredentials({ secret: 'north', userId: 'ada', ttlSeconds: 600, nowMs });

describe('time-limited credentials', () => {
  it('are the user name with its end, and the HMAC-SHA1 of it', () => {
    // From: printf 1800000600:ada | openssl dgst -sha1 -hmac north -binary | base64
    expect(made).toEqual({
      username: '1800000600:ada',
      password: 'N6W9X8er4qYvpfkhQXV/EoJR794=',
      expiresAtMs: 1_800_000_600_000,
    });
  });

  it('are good until they end', () => {
    expect(verifyCredentials(made, { secrets: ['north'], nowMs })).toEqual({
      valid: true,
      userId: 'ada',
      expiresAtMs: 1_800_000_600_000,
    });
    const atTheEnd = verifyCredentials(made, { secrets: ['north'], nowMs: 1_800_000_600_000 });
    expect(atTheEnd).toEqual({ valid: false, reason: 'expired' });
  });

  it('are good with either secret during a rotation, and with no other', () => {
    expect(verifyCredentials(made, { secrets: ['south', 'north'], nowMs })).toMatchObject({ valid: true });
    const forged = verifyCredentials(made, { secrets: ['south'], nowMs });
    expect(forged).toEqual({ valid: false, reason: 'wrong password' });
  });

  it('are refused when the name was changed', () => {
    const longer = { ...made, username: made.username.replace('1800000600', '1900000600') };
    expect(verifyCredentials(longer, { secrets: ['north'], nowMs })).toMatchObject({ valid: false });
    for (const username of ['', 'ada', ':ada', '1800000600:', '1800000600', '1800000600:a:b']) {
      const verified = verifyCredentials({ username, password: 'x' }, { secrets: ['north'], nowMs });
      expect(verified).toEqual({ valid: false, reason: 'malformed' });
    }
  });

  it('take the separator of the server', () => {
    const other = makeCredentials({ secret: 'north', userId: 'a:b', ttlSeconds: 1, nowMs, separator: '|' });
    expect(other.username).toBe('1800000001|a:b');
    expect(verifyCredentials(other, { secrets: ['north'], nowMs, separator: '|' })).toMatchObject({
      userId: 'a:b',
    });
  });

  it.each([
    { userId: '' },
    { userId: 'a b' },
    { userId: 'a:b' },
    { ttlSeconds: 0 },
    { ttlSeconds: 1.5 },
    { secret: '' },
    { nowMs: Number.NaN },
    { nowMs: Infinity },
  ])('are not made with %o', (wrong) => {
    const options = { secret: 'north', userId: 'ada', ttlSeconds: 600, nowMs, ...wrong };
    expect(() => makeCredentials(options)).toThrow(CoturnConfigError);
  });
});
