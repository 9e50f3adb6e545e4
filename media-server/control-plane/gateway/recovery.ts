import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { closeCode, HoldfastError, toHoldfastError } from '../../protocol/index.ts';
import type { Directory, LiveEntry } from '../directory/directory.ts';
import type { Place } from '../directory/directory-entry.ts';
import type { Homes } from '../directory/homes.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import type { Registry } from '../nodes/registry.ts';
import type { Follower } from './follower.ts';
import type { Legs } from './legs.ts';
import type { NodeLinks } from './node-links.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Sessions } from './sessions.ts';

export interface RecoveryOptions {
  readonly sessions: Sessions;
  readonly legs: Legs;
  readonly follower: Follower;
  readonly links: NodeLinks;
  readonly homes: Homes;
  readonly directory: Directory;
  readonly registry: Registry;
  readonly metrics: ControlPlaneMetrics;
  readonly heartbeatMs: number;
  /** Aborts when the gateway stops. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

type Cause = 'link' | 'heartbeat' | 'worker';

/** A node that lives takes a new connection within this time, ms. Longer would be time without a picture. */
const REDIAL_MS = 250;
const RETRY_MS = 250;

/** A node, or the worker under a meeting, is gone: each meeting gets a new home once, each participant a leg there. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #running = new Set<string>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Our link to a node has broken. Mostly the node is gone; if it answers at once, only the connection was. */
  async linkGone(nodeId: string, reason: string): Promise<void> {
    const { legs, registry, log } = this.#options;
    if (legs.on(nodeId).length === 0) return;
    if (await this.#answers(nodeId)) {
      log.warn({ nodeId, reason }, 'recovery.not_needed');
      // Events were lost on the way; by resuming, the clients learn what they missed. Their media flows on.
      for (const session of new Set(legs.on(nodeId).map((owner) => owner.session))) {
        session.client?.close(closeCode.resume, 'resume');
      }
      return;
    }
    registry.suspect(nodeId);
    await this.#recoverNode(nodeId, 'link');
  }

  /** The registry has not heard of a node for too long. A link that answers our pings is better evidence. */
  async nodeLost(nodeId: string): Promise<void> {
    if (this.#options.links.linked(nodeId)) {
      this.#options.log.warn({ nodeId }, 'recovery.node_silent_but_linked');
      return;
    }
    await this.#recoverNode(nodeId, 'heartbeat');
  }

  /** The worker process that carried this meeting died; its node lives. */
  async meetingLost(meetingId: string, place: Place): Promise<void> {
    await this.#recover(meetingId, place, 'worker');
  }

  /** One participant's transports broke, on either side; its meeting is well. It gets a new leg where the meeting is. */
  async legLost(nodeId: string, legId: string): Promise<void> {
    const { legs, follower, log } = this.#options;
    const owner = legs.find(legId);
    if (owner?.leg.nodeId !== nodeId) return;
    const { session, leg } = owner;
    const { meetingId, participant } = session;
    log.warn({ meetingId, participantId: participant.participantId, legId }, 'leg.lost');
    // The node lets go of the broken one when the new one takes its place, so that nobody sees the participant leave.
    legs.close(session, leg, 'lost', { tellNode: false });
    await follower.follow(session, true);
  }

  async #answers(nodeId: string): Promise<boolean> {
    const { registry, links, heartbeatMs, clock } = this.#options;
    const node = await registry.get(nodeId);
    // One that has also missed its heartbeat hangs, and would only let us wait.
    if (!node || clock.now() - node.lastHeartbeatAtMs > heartbeatMs * 1.2) return false;
    try {
      await links.get(node, REDIAL_MS);
      return true;
    } catch {
      return false;
    }
  }

  async #recoverNode(nodeId: string, cause: Cause): Promise<void> {
    const meetings = new Map<string, { meetingId: string; place: Place }>();
    for (const { session, leg } of this.#options.legs.on(nodeId)) {
      const { meetingId } = session;
      meetings.set(`${meetingId}@${leg.epoch}`, { meetingId, place: { nodeId, epoch: leg.epoch } });
    }
    await Promise.all(
      [...meetings.values()].map(({ meetingId, place }) => this.#recover(meetingId, place, cause)),
    );
  }

  async #recover(meetingId: string, place: Place, cause: Cause): Promise<void> {
    const key = `${meetingId}@${place.nodeId}@${place.epoch}`;
    if (this.#running.has(key)) return;
    this.#running.add(key);
    const { sessions, follower, metrics, clock, log } = this.#options;
    const startedMs = clock.now();
    try {
      this.#closeDeadLegs(meetingId, place);
      const before = await this.#options.directory.get(meetingId);
      const home = await this.#elect(meetingId, place, cause === 'worker');
      if (before?.state === 'moving' && home?.nodeId === before.movingTo.nodeId) this.#adopt(meetingId, home);
      const affected = sessions.of(meetingId).filter(({ state }) => state === 'connected');
      const results = await Promise.allSettled(affected.map((session) => follower.follow(session, true)));
      const failed = results.filter(({ status }) => status === 'rejected').length;
      const durationMs = clock.now() - startedMs;
      metrics.recovered(cause, durationMs);
      log.warn(
        {
          meetingId,
          lost: place,
          home: home?.nodeId,
          cause,
          participants: affected.length,
          failed,
          durationMs,
        },
        'meeting.recovered',
      );
    } catch (error) {
      log.error({ err: error, meetingId, lost: place, cause }, 'meeting.recovery_failed');
    } finally {
      this.#running.delete(key);
    }
  }

  #closeDeadLegs(meetingId: string, place: Place): void {
    for (const session of this.#options.sessions.of(meetingId)) {
      const leg = session.legAt(place);
      if (leg) this.#options.legs.close(session, leg, 'lost', { tellNode: false });
    }
  }

  async #elect(meetingId: string, place: Place, nodeLives: boolean): Promise<LiveEntry | undefined> {
    const { homes, signal, clock } = this.#options;
    const untilMs = clock.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await homes.replaceLost(meetingId, place, nodeLives);
      } catch (error) {
        const known = toHoldfastError(error);
        if (known.code !== 'NO_CAPACITY' || clock.now() >= untilMs || signal.aborted) throw known;
        await pause(clock, known.retryAfterMs ?? RETRY_MS, signal);
      }
    }
  }

  /** The source of a move is gone, so nobody else tells the target that the meeting is its own now. */
  #adopt(meetingId: string, home: LiveEntry): void {
    const socket = this.#options.links.linked(home.nodeId);
    socket?.request('meeting.adopt', { meetingId, epoch: home.epoch }).catch((error: unknown) => {
      if (error instanceof HoldfastError) {
        this.#options.log.warn(
          { meetingId, code: error.code, reason: error.message },
          'meeting.adopt_failed',
        );
      }
    });
  }
}
