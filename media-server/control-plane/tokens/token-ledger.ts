import { HoldfastError } from '../../protocol/index.ts';
import type { ResumeTurn, Revocation, UsedToken } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import {
  type ParticipantToken,
  RESUME_TTL_MS,
  type ResumeGrant,
  type ResumeToken,
  type Tokens,
} from './tokens.ts';

export interface TokenLedgerOptions {
  readonly tokens: Tokens;
  readonly usedTokens: Table<UsedToken>;
  readonly resumeTurns: Table<ResumeTurn>;
  readonly revocations: Table<Revocation>;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** The longest life of a participant's token that the API gives, ms: revocations are kept that long. */
const REVOCATION_KEPT_MS = 24 * 3_600_000;

/**
 * What has become of the tokens that were given out. A participant's token lets in once. A resume token is one of a row: each
 * use gives the next, and the one before stays good until the next was used, so that a lost answer locks nobody out. Whoever
 * was removed comes back with a fresh token only. All of it is in the store, so replicas agree.
 */
export class TokenLedger {
  readonly #options: TokenLedgerOptions;

  constructor(options: TokenLedgerOptions) {
    this.#options = options;
  }

  /** Uses up a participant's token. Rejects with UNAUTHENTICATED. */
  async enter(token: string): Promise<ParticipantToken> {
    const { tokens, usedTokens, now } = this.#options;
    const genuine = await tokens.verifyParticipant(token);
    await this.#refuseRevoked(genuine);
    const ttlMs = Math.max(0, genuine.expiresAtMs - now());
    if (!(await usedTokens.compareAndSet(genuine.tokenId, undefined, { usedAtMs: now() }, { ttlMs }))) {
      throw new HoldfastError('UNAUTHENTICATED', 'the participant token was used already: each lets in once');
    }
    return genuine;
  }

  /** Nobody was let in after all: the token may be tried again. */
  async giveBack({ tokenId }: ParticipantToken): Promise<void> {
    await this.#options.usedTokens.delete(tokenId);
  }

  /** Takes a resume token. Rejects with UNAUTHENTICATED when it is not good any more. */
  async resume(token: string): Promise<ResumeToken> {
    const { tokens, resumeTurns } = this.#options;
    const genuine = await tokens.verifyResume(token);
    await this.#refuseRevoked(genuine);
    const { sessionId, turn } = genuine;
    for (;;) {
      const row = await resumeTurns.get(sessionId);
      const usedTurn = row?.value.usedTurn ?? 0;
      if (turn < usedTurn) {
        throw new HoldfastError('UNAUTHENTICATED', 'this resume token has been followed by a newer one');
      }
      if (turn === usedTurn) return genuine;
      const ttlMs = RESUME_TTL_MS;
      if (await resumeTurns.compareAndSet(sessionId, row?.version, { usedTurn: turn }, { ttlMs }))
        return genuine;
    }
  }

  /** The next resume token of this session. */
  next({ turn, ...grant }: ResumeGrant): Promise<string> {
    return this.#options.tokens.resume({ ...grant, turn: turn + 1 });
  }

  /** Every token given out so far for this meeting, or for this participant of it, is void. */
  async revoke(meetingId: string, participantId?: string): Promise<void> {
    const { revocations, now } = this.#options;
    const row = { beforeMs: now() };
    await revocations.set(keyOf(meetingId, participantId), row, { ttlMs: REVOCATION_KEPT_MS });
  }

  async #refuseRevoked(token: {
    readonly meetingId: string;
    readonly participantId: string;
    readonly madeAtMs: number;
  }): Promise<void> {
    const { meetingId, participantId, madeAtMs } = token;
    for (const key of [keyOf(meetingId), keyOf(meetingId, participantId)]) {
      const row = await this.#options.revocations.get(key);
      if (row && madeAtMs <= row.value.beforeMs) {
        throw new HoldfastError('UNAUTHENTICATED', 'the token was revoked: ask for a fresh one');
      }
    }
  }
}

/** Neither id can hold a blank. */
function keyOf(meetingId: string, participantId?: string): string {
  return participantId === undefined ? meetingId : `${meetingId} ${participantId}`;
}
