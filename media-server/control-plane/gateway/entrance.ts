import { randomUUID } from 'node:crypto';
import type { Clock } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import {
  closeCode,
  type ErrorCode,
  type gatewayContract,
  HoldfastError,
  type LegSnapshot,
  type ParamsOf,
  PROTOCOL_VERSION,
  toHoldfastError,
} from '../../protocol/index.ts';
import type { Claims } from '../directory/claims.ts';
import type { Directory } from '../directory/directory.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import type { EndedSession } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { TokenLedger } from '../tokens/token-ledger.ts';
import { RESUME_TTL_MS } from '../tokens/tokens.ts';
import type { Entered } from './client-connection.ts';
import type { Follower } from './follower.ts';
import type { Legs } from './legs.ts';
import { type Client, Session } from './session.ts';
import type { EndReason } from './session-state.ts';
import type { Sessions } from './sessions.ts';

export interface EntranceOptions {
  readonly sessions: Sessions;
  readonly legs: Legs;
  readonly follower: Follower;
  readonly ledger: TokenLedger;
  readonly directory: Directory;
  readonly claims: Claims;
  readonly endedSessions: Table<EndedSession>;
  readonly metrics: ControlPlaneMetrics;
  /** How long a participant without a WebSocket may come back, ms. */
  readonly resumeMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A resume token of a session that this process does not know is taken when one of its legs lives, or when it is not older
 * than this, ms: just after a restart nothing else tells somebody who is away from somebody who left hours ago.
 */
const UNKNOWN_SESSION_MS = 15 * 60_000;

/** Where participants come in, come back, and go: the life of their sessions. */
export class Entrance {
  readonly #options: EntranceOptions;
  /** Those who are away, and what ends the wait for them. */
  readonly #away = new Map<Session, () => void>();
  #closed = false;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  async join(client: Client, params: ParamsOf<typeof gatewayContract, 'join'>): Promise<Entered<'join'>> {
    return this.#counted(async () => {
      checkProtocol(params.protocol);
      const { ledger, metrics, resumeMs, log } = this.#options;
      const token = await ledger.enter(params.token);
      const { meetingId, participantId, displayName } = token;
      const session = new Session({
        id: randomUUID(),
        meetingId,
        participant: { participantId, displayName },
      });
      const before = this.#options.sessions.get(meetingId, participantId);
      this.#options.sessions.set(session);
      session.connect(client);
      if (before) await this.#end(before, 'replaced', { keepLegs: true });
      try {
        await this.#options.follower.follow(session, false);
        if (session.state !== 'connected')
          throw new HoldfastError('CONFLICT', 'the same participant has joined elsewhere');
      } catch (error) {
        await this.#end(session, 'refused');
        await ledger.giveBack(token);
        throw error;
      } finally {
        // Only now: on the same node the new leg has taken the old one's place, and nobody saw the participant leave.
        if (before) this.#options.legs.closeAll(before);
      }
      const grant = { meetingId, participantId, displayName, sessionId: session.id };
      const resumeToken = await ledger.next({ ...grant, turn: 0 });
      metrics.joined();
      log.info({ meetingId, participantId, sessionId: session.id, replaces: before?.id }, 'session.joined');
      return {
        session,
        answer: { meetingId, participantId, displayName, resumeToken, resumeWithinMs: resumeMs },
      };
    });
  }

  async resume(
    client: Client,
    params: ParamsOf<typeof gatewayContract, 'resume'>,
  ): Promise<Entered<'resume'>> {
    return this.#counted(async () => {
      checkProtocol(params.protocol);
      const { ledger, endedSessions, claims, metrics, clock, log } = this.#options;
      const grant = await ledger.resume(params.resumeToken);
      const { meetingId, participantId, displayName, sessionId } = grant;
      const ended = await endedSessions.get(sessionId);
      const known = this.#options.sessions.get(meetingId, participantId);
      if (ended || (known && known.id !== sessionId)) {
        const reason = ended?.value.reason ?? 'replaced';
        const code = refusalOf(reason);
        throw new HoldfastError(code, `the session is over (${reason})`);
      }
      // One that this process never saw: the participant was on another replica, or here before a restart.
      const session =
        known ??
        new Session({
          id: sessionId,
          meetingId,
          participant: { participantId, displayName },
        });
      this.#options.sessions.set(session);
      this.#stopWaiting(session);
      session.connect(client)?.close(closeCode.superseded, 'resumed on another connection');
      const named = new Set(params.legs.map(({ legId }) => legId));
      for (const leg of session.legs.values()) {
        // It was opened while the connection was breaking; the client never heard of it.
        if (leg.state === 'open' && !named.has(leg.legId))
          this.#options.legs.close(session, leg, 'lost', { tellNode: true });
      }
      const attached = await Promise.all(params.legs.map((ref) => this.#options.legs.attach(session, ref)));
      const legs = attached.filter((snapshot) => snapshot !== undefined);
      if (!known && legs.length === 0 && clock.now() - grant.madeAtMs > UNKNOWN_SESSION_MS) {
        await this.#end(session, 'refused', { keepClient: true });
        throw new HoldfastError(
          'SESSION_UNKNOWN',
          'the session is not known here, and none of its legs lives',
        );
      }
      if (legs.length < params.legs.length) session.hadLeg = true;
      for (const nodeId of new Set(legs.map((leg) => leg.nodeId))) await claims.mergeFrom(nodeId);
      const resumeToken = await ledger.next(grant);
      metrics.resumed();
      log.info(
        { meetingId, participantId, sessionId, named: named.size, attached: legs.length, rebuilt: !known },
        'session.resumed',
      );
      this.#guard('session.not_settled', this.#settleResumed(session, legs));
      return { session, answer: { meetingId, participantId, resumeToken, legs } };
    });
  }

  /** Ends these sessions at once. Their tokens are void already. */
  async remove(sessions: readonly Session[], reason: 'removed' | 'ended'): Promise<void> {
    await Promise.all(sessions.map((session) => this.#end(session, reason)));
  }

  async leave(session: Session): Promise<void> {
    const { client } = session;
    await this.#end(session, 'left', { keepClient: true });
    // After the answer.
    setImmediate(() => client?.close(1000, 'left'));
  }

  disconnected(session: Session, client: Client): void {
    const { resumeMs, log } = this.#options;
    if (!session.disconnect(client)) return;
    log.info(
      { meetingId: session.meetingId, participantId: session.participant.participantId },
      'session.away',
    );
    this.#waitFor(session, resumeMs);
  }

  /** The last leg of somebody who is away is gone: from now on there is only so much time to come back. */
  legGone(session: Session): void {
    if (this.#away.has(session) && session.legs.size === 0) {
      this.#waitFor(session, this.#options.resumeMs);
    }
  }

  /**
   * Ends the session of somebody who does not come back. Whoever still has a leg sends and receives, whatever became of the
   * signalling, and is not put out: the leg's node says when it has ended.
   */
  #waitFor(session: Session, ms: number): void {
    this.#stopWaiting(session);
    if (this.#closed) return;
    const stopWaiting = this.#options.clock.after(ms, () => {
      if (session.legs.size > 0) this.#waitFor(session, ms);
      else this.#guard('session.not_ended', this.#end(session, 'expired'));
    });
    this.#away.set(session, stopWaiting);
  }

  /** Nobody is waited for any more; the sessions live on at other gateways. */
  close(): void {
    this.#closed = true;
    for (const stopWaiting of this.#away.values()) stopWaiting();
    this.#away.clear();
  }

  /** Where the meeting is by now, the session goes too. */
  async #settleResumed(session: Session, attached: readonly LegSnapshot[]): Promise<void> {
    const { directory, log } = this.#options;
    const entry = await directory.get(session.meetingId);
    if (attached.length > 0 && !entry) {
      // Its node has the leg, and the directory has not heard of it yet: a new home now would tear the meeting apart.
      log.warn({ meetingId: session.meetingId }, 'session.ahead_of_directory');
      return;
    }
    // A leg of a move that this process never saw: the node that runs the move wants to hear how far it is.
    if (entry?.state === 'moving') {
      const second = session.legAt(entry.movingTo);
      if (second) second.movingFrom = entry.nodeId;
    }
    await this.#options.follower.follow(session, true);
  }

  async #end(
    session: Session,
    reason: EndReason,
    options: { keepLegs?: boolean; keepClient?: boolean } = {},
  ): Promise<void> {
    const { client, wasAlive } = session.end(reason);
    this.#stopWaiting(session);
    this.#options.sessions.delete(session);
    if (!options.keepLegs) this.#options.legs.closeAll(session);
    if (reason === 'replaced') client?.close(closeCode.replaced, 'joined elsewhere');
    else if (reason === 'removed') client?.close(closeCode.removed, reason);
    else if (reason !== 'refused' && !options.keepClient) client?.close(closeCode.ended, reason);
    if (!wasAlive) return;
    const { endedSessions, clock, log } = this.#options;
    const { meetingId, participant } = session;
    log.info(
      { meetingId, participantId: participant.participantId, sessionId: session.id, reason },
      'session.ended',
    );
    await endedSessions.set(session.id, { reason, endedAtMs: clock.now() }, { ttlMs: RESUME_TTL_MS });
  }

  #stopWaiting(session: Session): void {
    this.#away.get(session)?.();
    this.#away.delete(session);
  }

  async #counted<T>(enter: () => Promise<T>): Promise<T> {
    try {
      return await enter();
    } catch (error) {
      this.#options.metrics.refused(toHoldfastError(error).code);
      throw error;
    }
  }

  /** For work that nobody waits for. */
  #guard(event: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.log.error({ err: error }, event));
  }
}

/** Who was put out, or joined elsewhere, must not come back by itself; who was away for too long may. */
function refusalOf(reason: string): ErrorCode {
  if (reason === 'replaced') return 'SESSION_REPLACED';
  return reason === 'removed' || reason === 'ended' ? 'FORBIDDEN' : 'SESSION_UNKNOWN';
}

function checkProtocol(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  throw new HoldfastError(
    'BAD_REQUEST',
    `this gateway speaks version ${PROTOCOL_VERSION}, not ${version}; reload the page`,
  );
}
