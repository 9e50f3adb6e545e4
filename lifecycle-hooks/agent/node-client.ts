import {
  type DrainRequest,
  type DrainStatus,
  drainStatus,
  type ErrorCode,
  errorBody,
  isErrorCode,
} from '@holdfast/media-server/protocol/index.ts';
import { nobodyListens, type SocketAnswer, type SocketRequest, socketRequest } from '../socket-http.ts';

export type NodeAnswer =
  | { readonly kind: 'answered'; readonly status: DrainStatus }
  | { readonly kind: 'refused'; readonly code: ErrorCode | undefined; readonly message: string }
  /** Somebody listens but gives no sensible answer in time. */
  | { readonly kind: 'silent'; readonly message: string }
  /** Nobody listens: the process is not there. */
  | { readonly kind: 'gone'; readonly message: string };

/** The media node, as its drain agent sees it. Nothing here throws: no answer is an answer too. */
export interface NodeClient {
  status(timeoutMs: number): Promise<NodeAnswer>;
  drain(request: DrainRequest, timeoutMs: number): Promise<NodeAnswer>;
  /** Takes one notice back; all of the cloud's when no id is given. */
  cancel(noticeId: string | undefined, timeoutMs: number): Promise<NodeAnswer>;
  release(force: boolean, timeoutMs: number): Promise<NodeAnswer>;
}

/** Speaks `protocol/drain.ts` over the node's Unix socket. */
export class SocketNodeClient implements NodeClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  status(timeoutMs: number): Promise<NodeAnswer> {
    return this.#request({ method: 'GET', path: '/v1/drain', timeoutMs });
  }

  drain(request: DrainRequest, timeoutMs: number): Promise<NodeAnswer> {
    return this.#request({ method: 'PUT', path: '/v1/drain', body: request, timeoutMs });
  }

  cancel(noticeId: string | undefined, timeoutMs: number): Promise<NodeAnswer> {
    const query = noticeId === undefined ? '' : `?noticeId=${encodeURIComponent(noticeId)}`;
    return this.#request({ method: 'DELETE', path: `/v1/drain${query}`, timeoutMs });
  }

  release(force: boolean, timeoutMs: number): Promise<NodeAnswer> {
    return this.#request({ method: 'POST', path: '/v1/drain/release', body: { force }, timeoutMs });
  }

  async #request(request: Omit<SocketRequest, 'socketPath'>): Promise<NodeAnswer> {
    let answer: SocketAnswer;
    try {
      answer = await socketRequest({ socketPath: this.#socketPath, ...request });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { kind: nobodyListens(error) ? 'gone' : 'silent', message };
    }
    if (answer.status >= 200 && answer.status < 300) {
      const status = drainStatus.safeParse(answer.body);
      return status.success
        ? { kind: 'answered', status: status.data }
        : { kind: 'silent', message: `an answer that is no drain status (HTTP ${answer.status})` };
    }
    const refusal = errorBody.safeParse(answer.body).data?.error;
    const message = refusal?.message ?? `HTTP ${answer.status}`;
    // A server error is no decision: the same request may do better later.
    if (answer.status >= 500) return { kind: 'silent', message };
    return { kind: 'refused', code: isErrorCode(refusal?.code) ? refusal.code : undefined, message };
  }
}
