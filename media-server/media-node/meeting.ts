import { EventEmitter } from 'eventemitter3';
import type { Router } from 'mediasoup/types';
import type { Logger } from '../process/logger.ts';
import { type HeldMeeting, HoldfastError, type ParticipantInfo } from '../protocol/index.ts';
import { Leg, type PublishedSource } from './leg.ts';
import type { Link } from './link.ts';
import type { MediaWorker } from './media-worker.ts';

interface MeetingEvents {
  /** Somebody came, went, published, muted, or changed its connection. */
  changed: () => void;
  legOpened: (leg: Leg) => void;
  legClosed: (leg: Leg) => void;
  closed: () => void;
}

/** A meeting on this node: its router, and a leg for each participant. */
export class Meeting extends EventEmitter<MeetingEvents> {
  readonly id: string;
  readonly epoch: number;
  readonly worker: MediaWorker;
  readonly router: Router;
  readonly createdAtMs: number;
  readonly legs = new Map<string, Leg>();
  readonly #log: Logger;
  #role: HeldMeeting['role'];
  #closed = false;

  constructor(options: {
    id: string;
    epoch: number;
    role: HeldMeeting['role'];
    worker: MediaWorker;
    router: Router;
    log: Logger;
    nowMs: number;
  }) {
    super();
    this.id = options.id;
    this.epoch = options.epoch;
    this.worker = options.worker;
    this.router = options.router;
    this.createdAtMs = options.nowMs;
    this.#role = options.role;
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
    for (const leg of this.legs.values()) count += leg.consumerCount;
    return count;
  }

  async openLeg(options: {
    legId: string;
    participant: ParticipantInfo;
    link: Link;
    initialOutgoingBitrateBps: number | undefined;
  }): Promise<Leg> {
    if (this.legs.has(options.legId))
      throw new HoldfastError('CONFLICT', `leg ${options.legId} is open already`);
    const leg = await Leg.open({
      id: options.legId,
      participant: options.participant,
      router: this.router,
      webRtcServer: this.worker.webRtcServer,
      initialOutgoingBitrateBps: options.initialOutgoingBitrateBps,
    });
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
    const { producer } = leg.producer(producerId);
    await (paused ? producer.pause() : producer.resume());
    this.emit('changed');
  }

  unpublish(leg: Leg, producerId: string): void {
    leg.unpublish(producerId);
    this.emit('changed');
  }

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
    this.router.close();
    this.emit('closed');
    this.removeAllListeners();
  }

  async #offer(to: Leg, from: ParticipantInfo, published: PublishedSource): Promise<void> {
    try {
      await to.receive(from, published);
    } catch (error) {
      // One subscriber that cannot receive (codec, closing) must not disturb the others.
      this.#log.warn({ err: error, meetingId: this.id, legId: to.id }, 'leg.consume_failed');
    }
  }

  *#otherLegs(leg: Leg): Generator<Leg> {
    for (const other of this.legs.values()) {
      if (other.participant.participantId !== leg.participant.participantId) yield other;
    }
  }
}
