import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import type { Logger } from 'pino';
import { type SocketAnswer, socketRequest } from '../../socket-http.ts';
import type { Notice, NoticeSource } from '../types.ts';
import { localServiceCall, successful } from './local-service-call.ts';
import { LONG_POLL_MS, type NoticeList, noticeList, notice as noticeSchema } from './metadata-protocol.ts';

const SERVICE = 'the metadata service';
const CALL_TIMEOUT_MS = 5000;
const RETRY_MS = { first: 100, most: 2000 };

/** Notices of this machine from the local cloud's metadata service. Connects again for as long as it is watched. */
export class LocalNoticeSource implements NoticeSource {
  readonly #socketPath: string;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: { socketPath: string; clock: Clock; log: Logger }) {
    this.#socketPath = options.socketPath;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Notice> {
    const told = new Map<string, string>();
    let etag: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      let list: NoticeList;
      try {
        list = await this.#list(etag, signal);
      } catch (error) {
        if (signal.aborted) return;
        const retryMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** failures);
        failures += 1;
        this.#log.warn({ err: error, failures, retryMs }, 'metadata.unreachable');
        await pause(this.#clock, retryMs * (0.5 + Math.random() / 2), signal);
        continue;
      }
      if (failures > 0) this.#log.info({ failures }, 'metadata.reachable');
      failures = 0;
      etag = list.etag;
      for (const wire of list.notices) {
        const news = JSON.stringify(wire);
        if (told.get(wire.id) === news) continue;
        told.set(wire.id, news);
        yield wire;
      }
    }
  }

  async extend(notice: Notice): Promise<Notice> {
    const answer = await this.#post(notice, 'extend');
    return noticeSchema.parse(answer.body);
  }

  async complete(notice: Notice): Promise<void> {
    await this.#post(notice, 'complete');
  }

  async #list(etag: string | undefined, signal: AbortSignal): Promise<NoticeList> {
    const answer = await socketRequest({
      socketPath: this.#socketPath,
      method: 'GET',
      path: `/v1/notices${etag === undefined ? '' : `?etag=${encodeURIComponent(etag)}`}`,
      timeoutMs: LONG_POLL_MS + CALL_TIMEOUT_MS,
      signal,
    });
    return noticeList.parse(successful(SERVICE, answer).body);
  }

  async #post(notice: Notice, action: 'extend' | 'complete'): Promise<SocketAnswer> {
    return localServiceCall(SERVICE, {
      socketPath: this.#socketPath,
      method: 'POST',
      path: `/v1/notices/${encodeURIComponent(notice.id)}/${action}`,
      timeoutMs: CALL_TIMEOUT_MS,
    });
  }
}
