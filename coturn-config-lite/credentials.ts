import { createHmac, timingSafeEqual } from 'node:crypto';
import { CoturnConfigError } from './errors.ts';

/** Credentials of the TURN REST API (draft-uberti-behave-turn-rest-00): they end by themselves. */
export interface TurnCredentials {
  /** `END:USER`, END in seconds since 1970. */
  readonly username: string;
  readonly password: string;
  /** Unix time, ms. */
  readonly expiresAtMs: number;
}

export interface CredentialsOptions {
  /** The present static-auth-secret. */
  readonly secret: string;
  /** Whose they are; user-quota counts by this, without the time. */
  readonly userId: string;
  /** How long an allocation may be made with them, s. Running allocations go on. */
  readonly ttlSeconds: number;
  /** Unix time, ms. */
  readonly nowMs: number;
  /** `rest-api-separator` of the server. Default ":". */
  readonly separator?: string;
}

/** @throws CoturnConfigError for a user or time that coturn could not read */
export function makeCredentials(options: CredentialsOptions): TurnCredentials {
  const { secret, userId, ttlSeconds, nowMs, separator = ':' } = options;
  const issues = [
    ...(secret === '' ? [{ option: 'secret', message: 'must not be empty' }] : []),
    ...(/^[\x21-\x7e]{1,255}$/.test(userId) && !userId.includes(separator)
      ? []
      : [{ option: 'userId', message: `must be 1 to 255 printable characters without "${separator}"` }]),
    ...(Number.isInteger(ttlSeconds) && ttlSeconds > 0
      ? []
      : [{ option: 'ttlSeconds', message: 'must be a whole number above 0' }]),
    ...(Number.isFinite(nowMs) && nowMs >= 0
      ? []
      : [{ option: 'nowMs', message: 'must be a time in ms since 1970' }]),
  ];
  if (issues.length > 0) throw new CoturnConfigError(issues);
  const endS = Math.floor(nowMs / 1000) + ttlSeconds;
  const username = `${endS}${separator}${userId}`;
  return { username, password: passwordOf(username, secret), expiresAtMs: endS * 1000 };
}

export type Verified =
  | { readonly valid: true; readonly userId: string; readonly expiresAtMs: number }
  | { readonly valid: false; readonly reason: 'malformed' | 'expired' | 'wrong password' };

/**
 * Checks credentials as coturn does. `secrets` are all that are valid: during a rotation the present one and the one
 * before.
 */
export function verifyCredentials(
  credentials: { readonly username: string; readonly password: string },
  options: { readonly secrets: readonly string[]; readonly nowMs: number; readonly separator?: string },
): Verified {
  const { username, password } = credentials;
  const { secrets, nowMs, separator = ':' } = options;
  const [end = '', ...user] = username.split(separator);
  if (!/^\d{1,12}$/.test(end) || user.length !== 1 || user[0] === '')
    return { valid: false, reason: 'malformed' };
  if (!secrets.some((secret) => equal(passwordOf(username, secret), password))) {
    return { valid: false, reason: 'wrong password' };
  }
  const expiresAtMs = Number(end) * 1000;
  if (expiresAtMs <= nowMs) return { valid: false, reason: 'expired' };
  return { valid: true, userId: user.join(separator), expiresAtMs };
}

function passwordOf(username: string, secret: string): string {
  return createHmac('sha1', secret).update(username).digest('base64');
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
