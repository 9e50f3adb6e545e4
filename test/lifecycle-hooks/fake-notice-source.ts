import { EventEmitter, on } from 'node:events';
import type { Notice, NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';

/** A cloud that says what a test tells it to say. */
export class FakeNoticeSource implements NoticeSource {
  readonly completed: string[] = [];
  readonly extended: string[] = [];
  /** Called for each extension; throws to refuse. */
  onExtend: (notice: Notice) => Notice = (notice) => notice;
  /** Called for each completion; throws to fail. */
  onComplete: (notice: Notice) => void = () => {};
  readonly #said = new Map<string, Notice>();
  readonly #news = new EventEmitter<{ notice: [Notice] }>();

  say(notice: Notice): void {
    this.#said.set(notice.id, notice);
    this.#news.emit('notice', notice);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Notice> {
    const news = on(this.#news, 'notice', { signal });
    for (const notice of this.#said.values()) yield notice;
    try {
      for await (const [notice] of news) yield notice;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async extend(notice: Notice): Promise<Notice> {
    this.extended.push(notice.id);
    const extended = this.onExtend(notice);
    this.say(extended);
    return extended;
  }

  async complete(notice: Notice): Promise<void> {
    this.onComplete(notice);
    this.completed.push(notice.id);
  }
}
