import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { HoldfastError } from '../../protocol/index.ts';
import * as v from '../../protocol/values.ts';

const ISSUER = 'holdfast';
/** A session may be resumed this long after its last token, in seconds; each resume gives a fresh one. */
const RESUME_TTL_S = 12 * 3600;
/** The same in ms: what is known of a session must last as long. */
export const RESUME_TTL_MS = RESUME_TTL_S * 1000;

/** `jti` names this one token. `ims`: when it was made, Unix time in ms; `iat` counts in seconds, too coarse to revoke by. */
const common = { sub: v.participantId, meeting: v.meetingId, name: v.displayName, ims: v.timestampMs };
const participantClaims = z.object({ ...common, jti: z.string().min(1).max(64), exp: z.number() });
const resumeClaims = z.object({ ...common, sid: z.string().min(1).max(64), turn: z.int().min(1) });

export interface ParticipantGrant {
  readonly meetingId: string;
  readonly participantId: string;
  readonly displayName: string;
}
export interface ResumeGrant extends ParticipantGrant {
  readonly sessionId: string;
  /** Which of the session's resume tokens this is: each resume gives the next one. */
  readonly turn: number;
}
/** A participant's token, as it was found to be genuine. */
export interface ParticipantToken extends ParticipantGrant {
  readonly tokenId: string;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
}
/** A resume token, as it was found to be genuine. */
export interface ResumeToken extends ResumeGrant {
  readonly madeAtMs: number;
}

/**
 * Participants' tokens (may enter one meeting under one name) and resume tokens (was here). The two can never stand for
 * each other. All replicas share the key, so any of them takes a token of any other.
 */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #now: () => number;

  constructor(signingKey: string, now: () => number = Date.now) {
    this.#key = new TextEncoder().encode(signingKey);
    this.#now = now;
  }

  async participant(
    grant: ParticipantGrant,
    ttlSeconds: number,
  ): Promise<{ token: string; expiresAtMs: number }> {
    const expiresAtS = Math.floor(this.#now() / 1000) + ttlSeconds;
    const claims = { meeting: grant.meetingId, name: grant.displayName, jti: randomUUID() };
    const token = await this.#sign('participant', grant.participantId, claims, expiresAtS);
    return { token, expiresAtMs: expiresAtS * 1000 };
  }

  /** Genuine and not over. Whether it was used already, `TokenLedger` knows. Rejects with UNAUTHENTICATED. */
  async verifyParticipant(token: string): Promise<ParticipantToken> {
    const claims = await this.#verify('participant', token, participantClaims);
    const { sub, meeting, name, jti, ims, exp } = claims;
    const grant = { meetingId: meeting, participantId: sub, displayName: name };
    return { ...grant, tokenId: jti, madeAtMs: ims, expiresAtMs: exp * 1000 };
  }

  resume(grant: ResumeGrant): Promise<string> {
    const { meetingId: meeting, displayName: name, sessionId: sid, turn } = grant;
    const claims = { meeting, name, sid, turn };
    return this.#sign('resume', grant.participantId, claims, Math.floor(this.#now() / 1000) + RESUME_TTL_S);
  }

  /** Genuine and not over. Rejects with UNAUTHENTICATED. */
  async verifyResume(token: string): Promise<ResumeToken> {
    const { sub, meeting, name, sid, turn, ims } = await this.#verify('resume', token, resumeClaims);
    const grant = { meetingId: meeting, participantId: sub, displayName: name };
    return { ...grant, sessionId: sid, turn, madeAtMs: ims };
  }

  #sign(
    kind: Kind,
    subject: string,
    claims: Record<string, string | number>,
    expiresAtS: number,
  ): Promise<string> {
    return new SignJWT({ ...claims, ims: this.#now() })
      .setProtectedHeader({ alg: 'HS256', typ: typeOf(kind) })
      .setIssuer(ISSUER)
      .setAudience(audienceOf(kind))
      .setSubject(subject)
      .setIssuedAt(Math.floor(this.#now() / 1000))
      .setExpirationTime(expiresAtS)
      .sign(this.#key);
  }

  async #verify<S extends z.ZodType>(kind: Kind, token: string, claims: S): Promise<z.output<S>> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        typ: typeOf(kind),
        issuer: ISSUER,
        audience: audienceOf(kind),
        requiredClaims: ['exp', 'iat'],
        currentDate: new Date(this.#now()),
      });
      return claims.parse(payload);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'not of this platform';
      const why = code === 'ERR_JWT_EXPIRED' ? 'has expired' : 'is not valid';
      throw new HoldfastError('UNAUTHENTICATED', `the ${kind} token ${why}`, { cause: error });
    }
  }
}

type Kind = 'participant' | 'resume';

function typeOf(kind: Kind): string {
  return `holdfast-${kind}+jwt`;
}

function audienceOf(kind: Kind): string {
  return `holdfast:${kind}`;
}
