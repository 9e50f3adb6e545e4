import { admit } from '../../capacity/admission.ts';
import { FLOOR_PARTICIPANTS, meetingShares } from '../../capacity/meeting-load.ts';
import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { HoldfastError } from '../../protocol/index.ts';
import type { DemandBoard } from '../capacity/demand-board.ts';
import type { Placer } from '../capacity/placer.ts';
import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import type { MeetingRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { Directory, LiveEntry } from './directory.ts';
import type { Place } from './directory-entry.ts';

export interface HomesOptions {
  readonly directory: Directory;
  readonly registry: Registry;
  readonly placer: Placer;
  readonly demand: DemandBoard;
  readonly meetings: Table<MeetingRecord>;
  /** Whether a working connection to this node is open: better evidence than missing heartbeats. */
  readonly isLinked: (nodeId: string) => boolean;
  /** Until then a meeting that is not in the directory may be one whose node has not registered again yet. */
  readonly settledAtMs: number;
  /** Until then a node that is not in the registry may be about to register again. */
  readonly returnedByMs: number;
  /** Aborts when the control plane stops: nothing is waited for any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where to go for a meeting. */
export interface Home extends Place {
  readonly rpcUrl: string;
  /** The node it is being moved from, while a move is under way. */
  readonly movingFrom: string | undefined;
}

const FIND_ATTEMPTS = 6;
const POLL_MS = 50;
/** How soon to ask again when a lost meeting finds no room, ms. */
const NO_ROOM_RETRY_MS = 250;

/** Finds the node on which a meeting lives, gives it one if it has none, and a new one if it has lost it. */
export class Homes {
  readonly #options: HomesOptions;

  constructor(options: HomesOptions) {
    this.#options = options;
  }

  /** Where a participant must go now. Rejects with NO_CAPACITY, or NODE_UNREACHABLE when homes keep vanishing. */
  async find(meetingId: string): Promise<Home> {
    for (let attempt = 0; attempt < FIND_ATTEMPTS; attempt += 1) {
      const entry = await this.#entry(meetingId);
      if (!entry) {
        await this.#start(meetingId);
        continue;
      }
      const place = entry.state === 'moving' ? entry.movingTo : entry;
      const node = await this.node(place.nodeId);
      if (node) {
        const movingFrom = entry.state === 'moving' ? entry.nodeId : undefined;
        return { nodeId: place.nodeId, epoch: place.epoch, rpcUrl: node.rpcUrl, movingFrom };
      }
      await this.replaceLost(meetingId, { nodeId: place.nodeId, epoch: place.epoch });
    }
    throw new HoldfastError('NODE_UNREACHABLE', `meeting ${meetingId} finds no node that stays`);
  }

  /**
   * A node that can be spoken to. Just after a start nodes are still registering again: waits for one that is not known
   * yet, so that nobody declares dead what is only a moment late.
   */
  async node(nodeId: string): Promise<RegisteredNode | undefined> {
    const { registry, returnedByMs, signal, clock } = this.#options;
    for (;;) {
      const node = await registry.get(nodeId);
      if (node) return node.reachable || this.#options.isLinked(nodeId) ? node : undefined;
      if (registry.hasLeft(nodeId) || clock.now() >= returnedByMs || signal.aborted) return undefined;
      await pause(clock, POLL_MS, signal);
    }
  }

  /**
   * What lived at `place` is gone: elects the new home, once. Whoever comes second gets the first one's choice.
   * @param nodeLives only the worker under this meeting died: the node has others
   * @returns undefined when the meeting is over
   */
  async replaceLost(meetingId: string, place: Place, nodeLives = false): Promise<LiveEntry | undefined> {
    const { directory, placer, demand, log } = this.#options;
    return placer.choose(
      (nodes) => {
        const lost = nodes.find(({ nodeId }) => nodeId === place.nodeId);
        const held = lost?.meetings.find((meeting) => meeting.meetingId === meetingId);
        return {
          meetingId,
          shares: held?.shares ?? meetingShares({ participants: FLOOR_PARTICIPANTS }),
          exclude: nodeLives ? [] : [place.nodeId],
          urgent: true,
        };
      },
      async (placement, shares) => {
        const chosen = placement.placed ? placement.nodeId : undefined;
        let entry: LiveEntry | undefined;
        try {
          entry = await directory.replaceLost(meetingId, place, chosen);
        } catch (error) {
          if (!(error instanceof HoldfastError) || error.code !== 'NO_CAPACITY') throw error;
          await demand.unmet('waiting', meetingId, shares);
          throw new HoldfastError('NO_CAPACITY', `${error.message}: ${placement.reason}`, {
            retryAfterMs: NO_ROOM_RETRY_MS,
          });
        }
        if (entry && entry.nodeId === chosen && entry.epoch > place.epoch) {
          await placer.recover(meetingId, chosen, shares);
          await demand.met(meetingId);
        }
        log.warn(
          { meetingId, lost: place, home: entry?.nodeId, epoch: entry?.epoch, reason: placement.reason },
          'meeting.home_replaced',
        );
        return entry;
      },
    );
  }

  async #entry(meetingId: string): Promise<LiveEntry | undefined> {
    for (;;) {
      const entry = await this.#options.directory.get(meetingId);
      const { settledAtMs, signal, clock } = this.#options;
      if (entry || clock.now() >= settledAtMs || signal.aborted) return entry;
      await pause(clock, POLL_MS, signal);
    }
  }

  /** The first participant is here. */
  async #start(meetingId: string): Promise<void> {
    const { directory, placer, demand, meetings, log } = this.#options;
    const record = (await meetings.get(meetingId))?.value;
    const expectedParticipants = record?.expectedParticipants ?? null;
    await placer.choose(
      () => ({
        meetingId,
        shares: meetingShares({ participants: expectedParticipants ?? FLOOR_PARTICIPANTS }),
      }),
      async (placement, shares) => {
        // Somebody else may have started it while we waited for our turn; a running meeting is never refused.
        if (await directory.get(meetingId)) return;
        const admission = admit(placement);
        if (!admission.admitted) {
          const { retryAfterMs, reason } = admission;
          log.warn({ meetingId, reason }, 'meeting.refused');
          await demand.unmet('refused', meetingId, shares);
          throw new HoldfastError('NO_CAPACITY', reason, { retryAfterMs });
        }
        const { nodeId } = admission;
        const entry = await directory.place(meetingId, nodeId);
        log.info(
          { meetingId, nodeId: entry.nodeId, epoch: entry.epoch, reason: placement.reason },
          'meeting.placed',
        );
        if (entry.nodeId !== nodeId) return;
        await placer.begin({
          meetingId,
          nodeId,
          expectedParticipants,
          startsAtMs: record?.startsAtMs ?? null,
        });
        await demand.met(meetingId);
      },
    );
  }
}
