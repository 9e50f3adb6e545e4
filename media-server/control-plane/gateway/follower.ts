import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { type ErrorCode, HoldfastError, type LegReason, toHoldfastError } from '../../protocol/index.ts';
import type { Directory, LiveEntry } from '../directory/directory.ts';
import type { Home, Homes } from '../directory/homes.ts';
import type { Registry } from '../nodes/registry.ts';
import type { GatewayLeg } from './leg.ts';
import type { Legs } from './legs.ts';
import type { NodeLinks } from './node-links.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Session } from './session.ts';

export interface FollowerOptions {
  readonly legs: Legs;
  readonly links: NodeLinks;
  readonly homes: Homes;
  readonly directory: Directory;
  readonly registry: Registry;
  /** Aborts when the gateway stops: nothing is waited for any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

const FOLLOW_ATTEMPTS = 8;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 500;
/** What another try may cure: the directory is read again first. */
const worthTrying: readonly ErrorCode[] = [
  'EPOCH_STALE',
  'NODE_DRAINING',
  'NODE_UNREACHABLE',
  'CONNECTION_CLOSED',
  'TIMEOUT',
];

/** Keeps each session where its meeting lives: the directory leads, and legs follow. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #following = new Map<Session, { again: boolean; done: Promise<void> }>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /**
   * Brings a session in line with the directory: a leg where its meeting lives, and none elsewhere. Whoever learns that
   * something has changed calls it; calls at the same time become one.
   * @param patient wait for room instead of failing with NO_CAPACITY
   */
  follow(session: Session, patient: boolean): Promise<void> {
    const running = this.#following.get(session);
    if (running) {
      running.again = true;
      return running.done;
    }
    const state = { again: false, done: Promise.resolve() };
    this.#following.set(session, state);
    state.done = this.#followUntilQuiet(session, patient, state).finally(() =>
      this.#following.delete(session),
    );
    return state.done;
  }

  async #followUntilQuiet(session: Session, patient: boolean, state: { again: boolean }): Promise<void> {
    do {
      state.again = false;
      await this.#followOnce(session, patient);
    } while (state.again);
  }

  async #followOnce(session: Session, patient: boolean): Promise<void> {
    const { legs, homes, clock, signal } = this.#options;
    const patientUntilMs = clock.now() + PATIENCE_MS;
    let refusals = 0;
    while (session.state === 'connected' && !signal.aborted) {
      let home: Home | undefined;
      try {
        home = await homes.find(session.meetingId);
        const leg = await legs.open(session, home, {
          reason: reasonFor(session, home),
          publishDelayMs: 0,
          movingFrom: home.movingFrom,
        });
        if (await this.#closeStrays(session, leg)) return;
        throw new HoldfastError('EPOCH_STALE', 'the meeting has moved while the leg was opened');
      } catch (error) {
        const known = toHoldfastError(error);
        if (session.state !== 'connected') return;
        if (known.code === 'NO_CAPACITY' && patient && clock.now() < patientUntilMs) {
          await pause(clock, known.retryAfterMs ?? LAST_RETRY_MS, signal);
          continue;
        }
        refusals += 1;
        if (!worthTrying.includes(known.code) || refusals >= FOLLOW_ATTEMPTS) throw known;
        await this.#doubt(session, home, known, refusals);
        await pause(clock, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (refusals - 1)), signal);
      }
    }
  }

  /** A node did not take the leg: makes sure that the next look at the directory finds something better. */
  async #doubt(
    session: Session,
    home: Home | undefined,
    error: HoldfastError,
    refusals: number,
  ): Promise<void> {
    const { homes, registry, links, log } = this.#options;
    log.warn({ meetingId: session.meetingId, home, code: error.code, reason: error.message }, 'leg.refused');
    if (!home) return;
    if (error.code === 'NODE_DRAINING' && refusals > 2) {
      // A draining node lets people into the meetings it holds. So it does not hold this one.
      await homes.replaceLost(session.meetingId, { nodeId: home.nodeId, epoch: home.epoch });
    } else if (error.code !== 'EPOCH_STALE' && error.code !== 'NODE_DRAINING' && !links.linked(home.nodeId)) {
      registry.suspect(home.nodeId);
    }
  }

  /**
   * Closes legs that are neither where the meeting lives nor where it is being moved.
   * @returns false when `leg` itself is such a one: the meeting has moved or ended meanwhile
   */
  async #closeStrays(session: Session, leg: GatewayLeg): Promise<boolean> {
    const entry = await this.#options.directory.get(session.meetingId);
    let stays = true;
    for (const other of [...session.legs.values()]) {
      if (entry && belongs(other, entry)) continue;
      if (other === leg) stays = false;
      if (other.state === 'open') this.#options.legs.close(session, other, 'moved', { tellNode: true });
    }
    return stays;
  }
}

function reasonFor(session: Session, home: Home): LegReason {
  const { movingFrom } = home;
  if (!session.hadLeg) return 'join';
  const old = [...session.legs.values()].some((leg) => leg.state === 'open' && leg.nodeId === movingFrom);
  return old ? 'handover' : 'recovery';
}

/** The leg is where the meeting lives, or where it is being moved. */
export function belongs(leg: GatewayLeg, entry: LiveEntry): boolean {
  return leg.isAt(entry) || (entry.state === 'moving' && leg.isAt(entry.movingTo));
}
