import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import {
  type gatewayContract,
  HoldfastError,
  type nodeClientContract,
  type nodeContract,
  type ParamsOf,
  type ResultOf,
  toHoldfastError,
} from '../../protocol/index.ts';
import type { Directory } from '../directory/directory.ts';
import type { Follower } from './follower.ts';
import type { GatewayLeg } from './leg.ts';
import type { Legs } from './legs.ts';
import type { NodeLinks } from './node-links.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface HandoversOptions {
  readonly sessions: Sessions;
  readonly legs: Legs;
  readonly follower: Follower;
  readonly links: NodeLinks;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Logger;
}

type FromNode = typeof nodeClientContract;
type Progress = ParamsOf<typeof nodeContract, 'handover.progress'>['event'];

/**
 * A browser that lives answers a ping within this, ms; on most networks in a tenth of it. Whoever is slower loses nothing: the second
 * leg stands, the node waits some time for it all the same, and hears from it when it is used.
 */
const ALIVE_WITHIN_MS = 400;
/** How long the source of a move waits for us with its stragglers before it closes the meeting all the same, ms. */
const STRAGGLER_LIMIT_MS = 3000;

/** The gateway's part in a handover, which the node that the meeting leaves runs. */
export class Handovers {
  readonly #options: HandoversOptions;

  constructor(options: HandoversOptions) {
    this.#options = options;
  }

  /** Opens a second leg on the target for each of these participants. May come again for those that failed. */
  async open(
    source: string,
    params: ParamsOf<FromNode, 'handover.open'>,
  ): Promise<ResultOf<FromNode, 'handover.open'>> {
    const { meetingId, epoch, target, participants } = params;
    const results = await Promise.all(
      participants.map(async ({ participantId, publishDelayMs, initialOutgoingBitrateBps }) => {
        try {
          const session = this.#options.sessions.get(meetingId, participantId);
          if (!session) throw new HoldfastError('SESSION_UNKNOWN', 'not here');
          if (session.state !== 'connected') throw new HoldfastError('CONNECTION_CLOSED', 'away just now');
          await this.#options.legs.open(
            session,
            { ...target, epoch },
            { reason: 'handover', publishDelayMs, movingFrom: source, initialOutgoingBitrateBps },
          );
          // It may hang on a connection that only looks open. It is told again when it comes back on another; the move
          // does not wait for that.
          if (!(await session.client?.alive(ALIVE_WITHIN_MS)))
            throw new HoldfastError('CONNECTION_CLOSED', 'its connection does not answer');
          return { participantId, code: undefined };
        } catch (error) {
          return { participantId, code: toHoldfastError(error).code };
        }
      }),
    );
    const opened = results.flatMap(({ participantId, code }) => (code === undefined ? [participantId] : []));
    const failed = results.flatMap(({ participantId, code }) =>
      code === undefined ? [] : [{ participantId, code }],
    );
    this.#options.log.info(
      { meetingId, source, target: target.nodeId, epoch, opened, failed },
      'handover.opened',
    );
    return { opened, failed };
  }

  /** The meeting lives on the target. Nobody is left behind: who has no leg there yet gets one before the old is closed. */
  async commit(
    source: string,
    params: ParamsOf<FromNode, 'handover.commit'>,
  ): Promise<Record<string, never>> {
    const { sessions, legs, follower, log } = this.#options;
    const { meetingId, epoch, target } = params;
    const place = { nodeId: target.nodeId, epoch };
    let stragglers = 0;
    const all = sessions.of(meetingId).map(async (session) => {
      const old = oldLegs(session, source, epoch);
      if (session.legAt(place)?.state !== 'open' && session.state === 'connected') {
        stragglers += 1;
        await follower.follow(session, true).catch((error: unknown) => {
          log.warn(
            { err: error, meetingId, participantId: session.participant.participantId },
            'handover.straggler',
          );
        });
      }
      // The source closes its own end in a moment.
      for (const leg of old) legs.close(session, leg, 'moved', { tellNode: false });
    });
    await this.#within(STRAGGLER_LIMIT_MS, Promise.all(all));
    log.info({ meetingId, source, target: target.nodeId, epoch, stragglers }, 'handover.committed');
    return {};
  }

  /** The meeting stays where it was. Who has joined on the target meanwhile is brought to the source. */
  async abort(source: string, params: ParamsOf<FromNode, 'handover.abort'>): Promise<Record<string, never>> {
    const { sessions, legs, follower, directory, log } = this.#options;
    const { meetingId, epoch, target } = params;
    const place = { nodeId: target.nodeId, epoch };
    const entry = await directory.get(meetingId);
    if (entry?.state === 'moving' && entry.nodeId === source && entry.movingTo.epoch === epoch) {
      await directory.abortMove(meetingId, { nodeId: source, epoch: entry.epoch }, target.nodeId);
    }
    if (entry?.state === 'home' && entry.nodeId === place.nodeId && entry.epoch === place.epoch) {
      // The commit was done after all, and only its answer was lost: the meeting lives there.
      log.warn({ meetingId, source, target: target.nodeId, epoch }, 'handover.abort_after_commit');
      return {};
    }
    await this.#within(
      STRAGGLER_LIMIT_MS,
      Promise.all(
        sessions.of(meetingId).map(async (session) => {
          const leg = session.legAt(place);
          if (!leg) return;
          if (oldLegs(session, source, epoch).length === 0 && session.state === 'connected') {
            await follower.follow(session, true).catch((error: unknown) => {
              log.warn({ err: error, meetingId }, 'handover.not_brought_back');
            });
          }
          legs.close(session, leg, 'aborted', { tellNode: true });
        }),
      ),
    );
    log.info({ meetingId, source, target: target.nodeId, epoch }, 'handover.aborted');
    return {};
  }

  /** The client's connection is gone. A node that is moving its meeting would wait for its reports in vain. */
  away(session: Session): void {
    for (const leg of session.legs.values()) this.#tellSource(session, leg, { type: 'away' });
  }

  /** How far a client is on the leg of a move; the node that runs the move waits for it. */
  published(session: Session, leg: GatewayLeg): void {
    this.#tellSource(session, leg, { type: 'published' });
  }

  switched(
    session: Session,
    leg: GatewayLeg,
    params: ParamsOf<typeof gatewayContract, 'leg.switched'>,
  ): void {
    this.#tellSource(session, leg, { type: 'switched', from: params.participantId, source: params.source });
  }

  /** Waits for this, but no longer than that. */
  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([work, pause(this.#options.clock, limitMs, done.signal)]);
    } finally {
      done.abort();
    }
  }

  #tellSource(session: Session, leg: GatewayLeg, event: Progress): void {
    if (leg.movingFrom === undefined) return;
    this.#options.links.linked(leg.movingFrom)?.notify('handover.progress', {
      meetingId: session.meetingId,
      epoch: leg.epoch,
      participantId: session.participant.participantId,
      event,
    });
  }
}

function oldLegs(session: Session, source: string, newEpoch: number): GatewayLeg[] {
  return [...session.legs.values()].filter((leg) => leg.nodeId === source && leg.epoch < newEpoch);
}
