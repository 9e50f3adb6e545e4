import {
  type DrainRequest,
  type DrainStatus,
  drainStatus,
  type ErrorCode,
  errorBody,
  isErrorCode,
} from '@holdfast/media-server/protocol/index.ts';
import {
  nobodyListens,
  probedNode,
  type SocketAnswer,
  type SocketRequest,
  socketRequest,
} from '../socket-http.ts';
import type { Silence } from './drain-knowledge.ts';

export type NodeAnswer =
  | { readonly kind: 'answered'; readonly status: DrainStatus }
  | { readonly kind: 'refused'; readonly code: ErrorCode | undefined; readonly message: string }
  /** No sensible answer in time. */
  | { readonly kind: 'unanswered'; readonly found: Silence; readonly message: string };

/** The machine's server, whatever its role, as the drain agent beside it sees it. Nothing here throws: no answer is an answer too. */
export interface NodeClient {
  status(timeoutMs: number): Promise<NodeAnswer>;
  drain(request: DrainRequest, timeoutMs: number): Promise<NodeAnswer>;
  /** Takes one notice back; all of the cloud's when no id is given. */
  cancel(noticeId: string | undefined, timeoutMs: number): Promise<NodeAnswer>;
  release(force: boolean, timeoutMs: number): Promise<NodeAnswer>;
}

export interface SocketNodeClientOptions {
  readonly nodeId: string;
  readonly socketPath: string;
  /** The node's `/healthz`. */
  readonly healthUrl: string;
}

/** The least time for the second question, ms: it is answered or refused by the same machine. */
const HEALTH_LEAST_MS = 100;

/** Speaks `protocol/drain.ts` over the node's Unix socket; asks for the node's health where nobody listens there. */
export class SocketNodeClient implements NodeClient {
  readonly #options: SocketNodeClientOptions;

  constructor(options: SocketNodeClientOptions) {
    this.#options = options;
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
    const silent = (message: string): NodeAnswer => ({
      kind: 'unanswered',
      found: { socket: 'no-answer', health: 'not-asked' },
      message,
    });
    const untilMs = performance.now() + request.timeoutMs;
    let answer: SocketAnswer;
    try {
      answer = await socketRequest({ socketPath: this.#options.socketPath, ...request });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!nobodyListens(error)) return silent(message);
      const leftMs = Math.ceil(untilMs - performance.now());
      const health = await this.#health(Math.max(HEALTH_LEAST_MS, leftMs));
      return { kind: 'unanswered', found: { socket: 'nobody', health }, message };
    }
    if (answer.status >= 200 && answer.status < 300) {
      const status = drainStatus.safeParse(answer.body);
      return status.success
        ? { kind: 'answered', status: status.data }
        : silent(`an answer that is no drain status (HTTP ${answer.status})`);
    }
    const refusal = errorBody.safeParse(answer.body).data?.error;
    const message = refusal?.message ?? `HTTP ${answer.status}`;
    // A server error is no decision: the same request may do better later.
    if (answer.status >= 500) return silent(message);
    return { kind: 'refused', code: isErrorCode(refusal?.code) ? refusal.code : undefined, message };
  }

  async #health(timeoutMs: number): Promise<Silence['health']> {
    const { healthUrl, nodeId } = this.#options;
    try {
      const answering = await probedNode(healthUrl, timeoutMs);
      // Another node may have been given the port of one that is gone.
      return answering === undefined || answering === nodeId ? 'somebody' : 'nobody';
    } catch (error) {
      return nobodyListens(error) ? 'nobody' : 'somebody';
    }
  }
}
