import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { HoldfastError } from '../protocol/index.ts';
import * as v from '../protocol/values.ts';

const ISSUER = 'holdfast';
/** A session may be resumed this long after its last token, in seconds; each resume gives a fresh one. */
const RESUME_TTL_S = 12 * 3600;

const participantClaims = z.object({ sub: v.participantId, meeting: v.meetingId, name: v.displayName });
const resumeClaims = participantClaims.extend({ sid: z.string().min(1) });

export interface ParticipantGrant {
  readonly meetingId: string;
  readonly participantId: string;
  readonly displayName: string;
}
export interface ResumeGrant extends ParticipantGrant {
  readonly sessionId: string;
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
    const claims = { meeting: grant.meetingId, name: grant.displayName };
    const token = await this.#sign('participant', grant.participantId, claims, expiresAtS);
    return { token, expiresAtMs: expiresAtS * 1000 };
  }

  async verifyParticipant(token: string): Promise<ParticipantGrant> {
    const { sub, meeting, name } = await this.#verify('participant', token, participantClaims);
    return { meetingId: meeting, participantId: sub, displayName: name };
  }

  resume(grant: ResumeGrant): Promise<string> {
    const claims = { meeting: grant.meetingId, name: grant.displayName, sid: grant.sessionId };
    return this.#sign('resume', grant.participantId, claims, Math.floor(this.#now() / 1000) + RESUME_TTL_S);
  }

  async verifyResume(token: string): Promise<ResumeGrant> {
    const { sub, meeting, name, sid } = await this.#verify('resume', token, resumeClaims);
    return { meetingId: meeting, participantId: sub, displayName: name, sessionId: sid };
  }

  #sign(kind: Kind, subject: string, claims: Record<string, string>, expiresAtS: number): Promise<string> {
    return new SignJWT(claims)
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
