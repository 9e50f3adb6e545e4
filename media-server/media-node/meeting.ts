import { EventEmitter } from 'eventemitter3';
import type { Router } from 'mediasoup/types';
import { meetingShares, type Shares } from '../capacity/meeting-load.ts';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { type HeldMeeting, HoldfastError, type ParticipantInfo } from '../protocol/index.ts';
import { Leg } from './leg.ts';
import { largestMeeting } from './limits.ts';
import type { Link } from './link.ts';
import type { MediaWorker } from './media-worker.ts';
import type { PublishedSource } from './published-source.ts';

interface MeetingEvents {
  /** Somebody came, went, published, muted, or changed its connection. */
  changed: () => void;
  legOpened: (leg: Leg) => void;
  legBroken: (leg: Leg) => void;
  legClosed: (leg: Leg) => void;
  closed: () => void;
}

export interface MeetingOptions {
  readonly id: string;
  readonly epoch: number;
  readonly role: HeldMeeting['role'];
  readonly worker: MediaWorker;
  readonly router: Router;
  readonly clock: Clock;
  /** Time that the node has lived through, ms. */
  readonly awakeMs: () => number;
  readonly log: Logger;
}

/** A meeting on this node: its router, and a leg for each participant. */
export class Meeting extends EventEmitter<MeetingEvents> {
  readonly id: string;
  readonly epoch: number;
  readonly worker: MediaWorker;
  readonly router: Router;
  readonly legs = new Map<string, Leg>();
  readonly #options: MeetingOptions;
  readonly #log: Logger;
  /** Who is just being let in. */
  readonly #entering = new Map<string, string>();
  #role: HeldMeeting['role'];
  #source: Link | undefined;
  /** How many the node it comes from is going to bring. */
  #expected = 0;
  /** Since when no media flows in a meeting whose source is gone, in awake time. */
  #forsakenSinceMs: number | undefined;
  #closed = false;

  constructor(options: MeetingOptions) {
    super();
    this.id = options.id;
    this.epoch = options.epoch;
    this.worker = options.worker;
    this.router = options.router;
    this.#role = options.role;
    this.#options = options;
    this.#log = options.log;
  }

  get role(): HeldMeeting['role'] {
    return this.#role;
  }

  setRole(role: HeldMeeting['role']): void {
    if (this.#role === role) return;
    this.#role = role;
    this.emit('changed');
  }

  /** What it asks of the worker it lives on, and while it is being moved here, is going to ask. */
  get shares(): Shares {
    const participants = Math.max(this.participants.length, this.#expected);
    return meetingShares({ participants, consumers: this.consumerCount });
  }

  /** The node that is moving it here. */
  get source(): Link | undefined {
    return this.#source;
  }

  /** It is about to be moved here, with so many people. */
  prepare(source: Link, participants: number): void {
    this.#source = source;
    this.#expected = participants;
    this.#forsakenSinceMs = undefined;
    // A newcomer whom the directory sent here may have been quicker than the source.
    this.setRole('incoming');
  }

  /** It lives here now. Nothing for one that does so already, though it may be about to move on. */
  adopt(): void {
    if (this.#role !== 'incoming') return;
    this.#source = undefined;
    this.#expected = 0;
    this.#forsakenSinceMs = undefined;
    this.setRole('home');
  }

  /**
   * The node that was moving it here is gone. Whether it lives here now is not for this node to say: it stays what it is, the
   * control plane reads so in the heartbeats, and has it adopted or dropped.
   */
  sourceGone(): void {
    if (this.#role !== 'incoming') return;
    this.#source = undefined;
    this.#forsakenSinceMs = this.#options.awakeMs();
  }

  /** For how long nobody has had media in it since its source is gone, ms; 0: somebody has, or the source is there. */
  get forsakenMs(): number {
    if (this.#role !== 'incoming' || this.#forsakenSinceMs === undefined) return 0;
    return this.#options.awakeMs() - this.#forsakenSinceMs;
  }

  /** Called often: closes the legs whose time is over. */
  tick(resumeMs: number): void {
    for (const leg of [...this.legs.values()]) {
      leg.tick(resumeMs);
      const { life } = leg;
      if (life.state !== 'over') continue;
      this.#log.info({ meetingId: this.id, legId: leg.id, reason: life.reason }, 'leg.over');
      this.closeLeg(leg.id);
    }
    const flows = [...this.legs.values()].some((leg) => leg.mediaFlows);
    if (flows && this.#forsakenSinceMs !== undefined) this.#forsakenSinceMs = this.#options.awakeMs();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** People, not legs: one who comes back has two for a moment. */
  get participants(): ParticipantInfo[] {
    const people = new Map<string, ParticipantInfo>();
    for (const { participant } of this.legs.values()) people.set(participant.participantId, participant);
    return [...people.values()];
  }

  get consumerCount(): number {
    let count = 0;
    for (const leg of this.legs.values()) count += leg.reception.size;
    return count;
  }

  /**
   * @param options.newcomer nobody who was in the meeting before, here or on the node it comes from
   * @throws MEETING_FULL for a newcomer when there is no more room. Who is in the meeting already never loses the place.
   */
  async openLeg(options: {
    legId: string;
    participant: ParticipantInfo;
    link: Link;
    newcomer: boolean;
    initialOutgoingBitrateBps: number | undefined;
  }): Promise<Leg> {
    const { legId, participant } = options;
    if (this.legs.has(legId) || this.#entering.has(legId))
      throw new HoldfastError('CONFLICT', `leg ${legId} is open already`);
    if (options.newcomer && !this.#hasRoomFor(participant.participantId)) {
      throw new HoldfastError(
        'MEETING_FULL',
        `The meeting is full: it holds at most ${largestMeeting.participants} people.`,
      );
    }
    this.#entering.set(legId, participant.participantId);
    let leg: Leg;
    try {
      leg = await Leg.open({
        id: legId,
        participant,
        router: this.router,
        worker: this.worker,
        initialOutgoingBitrateBps: options.initialOutgoingBitrateBps,
        clock: this.#options.clock,
        awakeMs: this.#options.awakeMs,
        onLife: (changed) => this.#lifeOf(changed),
      });
    } finally {
      this.#entering.delete(legId);
    }
    if (this.#closed) {
      leg.close();
      throw new HoldfastError('EPOCH_STALE', `meeting ${this.id} has ended on this node`);
    }
    leg.attach(options.link);
    const before = [...this.legs.values()].filter(
      (other) => other.participant.participantId === options.participant.participantId,
    );
    this.legs.set(leg.id, leg);
    this.emit('legOpened', leg);
    // The newer leg of the same participant replaces the older one.
    for (const other of before) this.closeLeg(other.id);
    if (before.length === 0) {
      for (const other of this.#otherLegs(leg)) {
        other.link?.notify('participant.joined', { legId: other.id, participant: leg.participant });
      }
    }
    this.emit('changed');
    return leg;
  }

  /** The connection now speaks for the leg. */
  attachLeg(leg: Leg, link: Link): void {
    leg.attach(link);
    this.emit('changed');
  }

  detachLeg(leg: Leg): void {
    leg.detach();
    this.emit('changed');
  }

  closeLeg(legId: string): void {
    const leg = this.legs.get(legId);
    if (!leg) return;
    this.legs.delete(legId);
    const { participantId } = leg.participant;
    leg.close();
    this.emit('legClosed', leg);
    if (!this.participants.some((other) => other.participantId === participantId)) {
      for (const other of this.#otherLegs(leg)) {
        other.link?.notify('participant.left', { legId: other.id, participantId });
      }
    }
    this.emit('changed');
  }

  /** The client of this leg can receive: offer it everything that others publish. */
  async offerAllTo(leg: Leg): Promise<void> {
    await Promise.all(
      [...this.#otherLegs(leg)].flatMap((other) =>
        [...other.published.values()].map((published) => this.#offer(leg, other.participant, published)),
      ),
    );
  }

  async publish(leg: Leg, request: Parameters<Leg['publish']>[0]): Promise<PublishedSource> {
    const published = await leg.publish(request);
    // The publisher need not wait until everybody has a consumer.
    for (const other of this.#otherLegs(leg)) void this.#offer(other, leg.participant, published);
    this.emit('changed');
    return published;
  }

  async setPaused(leg: Leg, producerId: string, paused: boolean): Promise<void> {
    await leg.setPaused(producerId, paused);
    this.emit('changed');
  }

  unpublish(leg: Leg, producerId: string): void {
    leg.unpublish(producerId);
    this.emit('changed');
  }

  /** Never throws: whatever state the worker is in, everything of this meeting is let go. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Nobody needs to hear how one leg's end closes the others' consumers.
    for (const leg of this.legs.values()) leg.detach();
    for (const leg of this.legs.values()) {
      leg.close();
      this.emit('legClosed', leg);
    }
    this.legs.clear();
    this.worker.channel.attempt(() => this.router.close());
    this.emit('closed');
    this.removeAllListeners();
  }

  async #offer(to: Leg, from: ParticipantInfo, published: PublishedSource): Promise<void> {
    try {
      await to.reception.receive(from, published);
    } catch (error) {
      // One subscriber that cannot receive (codec, closing) must not disturb the others.
      this.#log.warn({ err: error, meetingId: this.id, legId: to.id }, 'leg.consume_failed');
    }
  }

  #lifeOf(leg: Leg): void {
    const { life } = leg;
    if (life.state === 'broken') {
      this.#log.info({ meetingId: this.id, legId: leg.id, reason: life.reason }, 'leg.broken');
      this.emit('legBroken', leg);
    }
    this.emit('changed');
  }

  #hasRoomFor(participantId: string): boolean {
    const people = new Set(this.#entering.values());
    for (const { participant } of this.legs.values()) people.add(participant.participantId);
    return people.has(participantId) || Math.max(people.size, this.#expected) < largestMeeting.participants;
  }

  *#otherLegs(leg: Leg): Generator<Leg> {
    for (const other of this.legs.values()) {
      if (other.participant.participantId !== leg.participant.participantId) yield other;
    }
  }
}
