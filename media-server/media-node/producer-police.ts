import { EventEmitter } from 'eventemitter3';
import type { Producer } from 'mediasoup/types';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { allowanceBps, type Measured, POLICE_EVERY_MS, police } from './bitrate-police.ts';
import type { Leg } from './leg.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';
import type { PublishedSource } from './published-source.ts';

/**
 * Closes producers that send far more than they may. What one participant sends goes to everybody else in the meeting, and a
 * client need not do what its node asks of it.
 */
export class ProducerPolice extends EventEmitter<{ stopped: () => void }> {
  readonly #meetings: Pick<MeetingStore, 'all'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #measured = new WeakMap<Producer, Measured>();
  #cancel: () => void = () => {};

  constructor(meetings: Pick<MeetingStore, 'all'>, clock: Clock, log: Logger) {
    super();
    this.#meetings = meetings;
    this.#clock = clock;
    this.#log = log;
    this.#later();
  }

  close(): void {
    this.#cancel();
    this.removeAllListeners();
  }

  #later(): void {
    this.#cancel = this.#clock.after(POLICE_EVERY_MS, () => {
      this.#later();
      for (const meeting of this.#meetings.all) {
        for (const leg of meeting.legs.values()) {
          for (const published of leg.published.values()) void this.#look(meeting, leg, published);
        }
      }
    });
  }

  async #look(meeting: Meeting, leg: Leg, { producer, source }: PublishedSource): Promise<void> {
    const limitBps = allowanceBps(producer.kind, producer.rtpParameters);
    try {
      const stats = await meeting.worker.channel.call(() => producer.getStats());
      const bytes = stats.reduce((sum, stream) => sum + stream.byteCount, 0);
      const measured = police(this.#measured.get(producer), { atMs: this.#clock.now(), bytes }, limitBps);
      this.#measured.set(producer, measured);
      if (!measured.over || !leg.published.has(producer.id)) return;
    } catch {
      // It has closed meanwhile, or its worker is about to be replaced.
      return;
    }
    const { participantId } = leg.participant;
    this.#log.warn(
      { meetingId: meeting.id, participantId, legId: leg.id, source, limitBps },
      'producer.over_its_allowance',
    );
    meeting.unpublish(leg, producer.id);
    this.emit('stopped');
  }
}
