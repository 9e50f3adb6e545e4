import { EventEmitter } from 'eventemitter3';
import { streamsOf } from '../capacity/meeting-load.ts';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError } from '../protocol/index.ts';
import { AwakeTime } from './awake-time.ts';
import { mediaCodecs } from './codecs.ts';
import type { Leg } from './leg.ts';
import type { Link } from './link.ts';
import { Meeting } from './meeting.ts';
import type { WorkerPool } from './worker-pool.ts';

/** How long an empty meeting waits for somebody, ms. */
const EMPTY_MS = 5000;
/** How long a prepared meeting whose source is gone waits for somebody with media, ms: the gateways' recovery. */
const FORSAKEN_MS = 5000;
/** How often it is looked at what has lasted too long, ms. */
const TICK_MS = 500;

interface MeetingStoreEvents {
  changed: () => void;
  legBroken: () => void;
  /** The last participant has left. */
  ended: (meeting: Meeting) => void;
  /** The worker under it died. `links` are the gateways that must recover it. */
  lost: (meeting: Meeting, links: ReadonlySet<Link>) => void;
}

/** All meetings and legs of this node. */
export class MeetingStore extends EventEmitter<MeetingStoreEvents> {
  /** How long a participant without a WebSocket may come back, ms. The control plane says it at the registration. */
  resumeMs = 30_000;
  readonly #pool: Pick<WorkerPool, 'pick'>;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #time: AwakeTime;
  readonly #meetings = new Map<string, Meeting>();
  readonly #opening = new Map<string, Promise<Meeting>>();
  readonly #legs = new Map<string, { readonly leg: Leg; readonly meeting: Meeting }>();
  readonly #timers = new Map<string, () => void>();
  #cancelTick: () => void = () => {};

  constructor(pool: Pick<WorkerPool, 'on' | 'pick'>, log: Logger, clock: Clock) {
    super();
    this.#pool = pool;
    this.#log = log;
    this.#clock = clock;
    this.#time = new AwakeTime(clock.now(), 2 * TICK_MS);
    pool.on('workerDied', (index) => this.#workerDied(index));
    this.#tickLater();
  }

  get all(): readonly Meeting[] {
    return [...this.#meetings.values()];
  }

  get participantCount(): number {
    return this.all.reduce((sum, meeting) => sum + meeting.participants.length, 0);
  }

  /** Meetings that are being made: they are here in a moment. */
  get opening(): number {
    return this.#opening.size;
  }

  get(meetingId: string): Meeting | undefined {
    return this.#meetings.get(meetingId);
  }

  /**
   * The meeting at this epoch; made if it is not here and `mayCreate` allows it. An older epoch is refused: whoever asks
   * has an old view of where the meeting lives. A newer one replaces what was left here from before.
   */
  async open(
    meetingId: string,
    epoch: number,
    role: 'home' | 'incoming',
    mayCreate: () => void,
  ): Promise<Meeting> {
    // Whoever comes second waits for the first; there is no await between the last look and the beginning below.
    for (let opening = this.#opening.get(meetingId); opening; opening = this.#opening.get(meetingId)) {
      await opening.catch(() => {});
    }
    const known = this.#meetings.get(meetingId);
    if (known) {
      if (known.epoch === epoch) return known;
      if (known.epoch > epoch) {
        throw new HoldfastError(
          'EPOCH_STALE',
          `meeting ${meetingId} is at epoch ${known.epoch}, not ${epoch}`,
        );
      }
    }
    mayCreate();
    if (known) this.#closeTelling(known, 'superseded');
    const opening = this.#create(meetingId, epoch, role);
    this.#opening.set(meetingId, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(meetingId);
      this.emit('changed');
    }
  }

  findLeg(legId: string): { leg: Leg; meeting: Meeting } {
    const found = this.#legs.get(legId);
    if (found) return found;
    throw new HoldfastError('LEG_UNKNOWN', `this node has no leg ${legId}`);
  }

  /** The connection is gone. Media flows on, and as long as it does, the legs that it spoke for live. */
  linkGone(link: Link): void {
    for (const meeting of this.#meetings.values()) {
      for (const leg of meeting.legs.values()) if (leg.link === link) meeting.detachLeg(leg);
      if (meeting.source === link) meeting.sourceGone();
    }
  }

  /** `participantId` names a person within one meeting only, so both must be right. */
  attach(
    whose: { readonly legId: string; readonly meetingId: string; readonly participantId: string },
    link: Link,
  ): { leg: Leg; meeting: Meeting } {
    const { legId, meetingId, participantId } = whose;
    const found = this.findLeg(legId);
    if (found.meeting.id !== meetingId || found.leg.participant.participantId !== participantId) {
      throw new HoldfastError('FORBIDDEN', `leg ${legId} belongs to somebody else`);
    }
    found.meeting.attachLeg(found.leg, link);
    return found;
  }

  /**
   * The control plane says that the meeting lives elsewhere, at a newer epoch than this one: what is here of it ends. Whoever is
   * still on it is told that the leg is lost, and gets a new one where the meeting is.
   */
  async drop(meetingId: string, epoch: number): Promise<void> {
    // One that is just being made may be the very one that is to go.
    await this.#opening.get(meetingId)?.catch(() => {});
    const meeting = this.#meetings.get(meetingId);
    if (!meeting || meeting.epoch > epoch) return;
    this.#closeTelling(meeting, 'dropped');
  }

  close(meeting: Meeting, reason: string): void {
    if (meeting.closed) return;
    this.#log.info({ meetingId: meeting.id, epoch: meeting.epoch, reason }, 'meeting.closed');
    this.#cancel(`empty ${meeting.id}`);
    if (this.#meetings.get(meeting.id) === meeting) this.#meetings.delete(meeting.id);
    meeting.close();
    this.emit('changed');
  }

  /** Ends an empty meeting now instead of waiting for somebody. */
  endIfEmpty(meeting: Meeting): boolean {
    if (meeting.closed || meeting.legs.size > 0 || meeting.role === 'incoming') return false;
    this.close(meeting, 'empty');
    this.emit('ended', meeting);
    return true;
  }

  closeAll(reason: string): void {
    for (const meeting of this.all) this.close(meeting, reason);
    this.#cancelTick();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#legs.clear();
    this.removeAllListeners();
  }

  async #create(meetingId: string, epoch: number, role: 'home' | 'incoming'): Promise<Meeting> {
    const worker = this.#pool.pick((candidate) =>
      this.all.reduce(
        (sum, meeting) => (meeting.worker === candidate ? sum + 1 + streamsOf(meeting.shares) : sum),
        0,
      ),
    );
    const router = await worker.channel.call(
      () => worker.worker.createRouter({ mediaCodecs }),
      (late) => late.close(),
    );
    const meeting = new Meeting({
      id: meetingId,
      epoch,
      role,
      worker,
      router,
      clock: this.#clock,
      awakeMs: () => this.#time.nowMs,
      log: this.#log,
    });
    this.#meetings.set(meetingId, meeting);
    const watch = () => {
      if (meeting.legs.size > 0) this.#cancel(`empty ${meeting.id}`);
      else this.#after(`empty ${meeting.id}`, EMPTY_MS, () => this.endIfEmpty(meeting));
      this.emit('changed');
    };
    meeting.on('changed', watch);
    meeting.on('legOpened', (leg) => this.#legs.set(leg.id, { leg, meeting }));
    meeting.on('legBroken', () => this.emit('legBroken'));
    meeting.on('legClosed', (leg) => this.#legs.delete(leg.id));
    this.#log.info({ meetingId, epoch, role, worker: worker.index }, 'meeting.opened');
    watch();
    return meeting;
  }

  #workerDied(index: number): void {
    for (const meeting of this.all) {
      if (meeting.worker.index !== index) continue;
      const links = new Set<Link>();
      for (const leg of meeting.legs.values()) if (leg.link) links.add(leg.link);
      // The node that is moving it here takes another target at once.
      if (meeting.source) links.add(meeting.source);
      this.close(meeting, 'worker died');
      this.emit('lost', meeting, links);
    }
  }

  /** Whoever is still on it gets a new leg, where the meeting is. */
  #closeTelling(meeting: Meeting, reason: string): void {
    for (const leg of meeting.legs.values()) leg.link?.notify('leg.lost', { legId: leg.id });
    this.close(meeting, reason);
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#tickLater();
      this.#time.tick(this.#clock.now());
      for (const meeting of this.all) {
        meeting.tick(this.resumeMs);
        if (meeting.forsakenMs >= FORSAKEN_MS) this.#closeTelling(meeting, 'source gone');
      }
    });
  }

  #after(key: string, ms: number, action: () => void): void {
    this.#cancel(key);
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(key);
      action();
    });
    this.#timers.set(key, cancel);
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}
