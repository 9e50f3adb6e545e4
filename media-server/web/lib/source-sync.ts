import type { MeetingHandle } from '../../client/types.ts';
import type { MediaSource } from '../../protocol/values.ts';

export interface WantedSource {
  readonly track: MediaStreamTrack | undefined;
  readonly muted: boolean;
}

type Publisher = Pick<MeetingHandle, 'publish' | 'unpublish' | 'setMuted'>;

/**
 * Brings what a meeting publishes of one source in line with what is wanted, one step after the other, however fast the
 * wish changes. A step that fails is told and not repeated: the next wish starts anew.
 */
export class SourceSync {
  readonly #meeting: Publisher;
  readonly #source: MediaSource;
  readonly #onError: (error: unknown) => void;
  #done: WantedSource;
  #wanted: WantedSource;
  #running = false;
  #closed = false;

  /** @param done what the meeting publishes already */
  constructor(
    meeting: Publisher,
    source: MediaSource,
    done: WantedSource,
    onError: (error: unknown) => void,
  ) {
    this.#meeting = meeting;
    this.#source = source;
    this.#done = done;
    this.#wanted = done;
    this.#onError = onError;
  }

  want(wanted: WantedSource): void {
    this.#wanted = wanted;
    if (!this.#running && !this.#closed) void this.#run();
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (!this.#closed && !same(this.#wanted, this.#done)) {
      const wanted = this.#wanted;
      try {
        await this.#step(wanted);
      } catch (error) {
        if (!this.#closed) this.#onError(error);
      }
      this.#done = wanted;
    }
    this.#running = false;
  }

  async #step({ track, muted }: WantedSource): Promise<void> {
    if (track === undefined) {
      if (this.#done.track !== undefined) await this.#meeting.unpublish(this.#source);
      return;
    }
    if (track !== this.#done.track) await this.#meeting.publish(this.#source, track, { muted });
    else await this.#meeting.setMuted(this.#source, muted);
  }
}

function same(a: WantedSource, b: WantedSource): boolean {
  return a.track === b.track && (a.muted === b.muted || a.track === undefined);
}
