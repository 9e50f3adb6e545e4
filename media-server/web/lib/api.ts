import type { z } from 'zod';
import { type ErrorCode, HoldfastError, isErrorCode } from '../../protocol/errors.ts';
import {
  type DecisionList,
  decisionList,
  errorBody,
  type MeetingView,
  meetingList,
  type NodeView,
  nodeList,
  nodeView,
  pageSettings,
  tokenView,
} from '../../protocol/rest.ts';

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

interface Call<S extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly answer: S;
  readonly token?: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** The control plane's REST API, as far as the pages use it. Failures are HoldfastErrors; an abort stays what it is. */
export class Api {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** A participant's token; FORBIDDEN or NOT_FOUND where only applications may let people in. */
  async join(
    meetingId: string,
    displayName: string,
    signal: AbortSignal,
  ): Promise<z.output<typeof tokenView>> {
    const body = { meetingId, displayName };
    return this.#call({ method: 'POST', path: '/v1/join', answer: tokenView, body, signal });
  }

  /** Whether a link may enter a meeting by itself. When nobody says so it may not. */
  async mayJoinAtOnce(signal: AbortSignal): Promise<boolean> {
    try {
      const settings = await this.#call({ method: 'GET', path: '/v1/page', answer: pageSettings, signal });
      return settings.autoJoin;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HoldfastError) return false;
      throw error;
    }
  }

  async nodes(token: string, signal: AbortSignal): Promise<readonly NodeView[]> {
    return (await this.#call({ method: 'GET', path: '/v1/nodes', answer: nodeList, token, signal })).nodes;
  }

  async meetings(token: string, signal: AbortSignal): Promise<readonly MeetingView[]> {
    return (await this.#call({ method: 'GET', path: '/v1/meetings', answer: meetingList, token, signal }))
      .meetings;
  }

  /** What the autoscaler decided; of its samples those that are newer. */
  async decisions(
    token: string,
    { limit, samplesSinceMs }: { readonly limit: number; readonly samplesSinceMs: number },
    signal: AbortSignal,
  ): Promise<DecisionList> {
    const path = `/v1/decisions?limit=${limit}&samplesSinceMs=${samplesSinceMs}`;
    return this.#call({ method: 'GET', path, answer: decisionList, token, signal });
  }

  async drain(token: string, nodeId: string, reason: string, signal: AbortSignal): Promise<NodeView> {
    return this.#call({
      method: 'POST',
      path: drainPath(nodeId),
      answer: nodeView,
      token,
      body: { reason },
      signal,
    });
  }

  async cancelDrain(token: string, nodeId: string, signal: AbortSignal): Promise<NodeView> {
    return this.#call({ method: 'DELETE', path: drainPath(nodeId), answer: nodeView, token, signal });
  }

  async #call<S extends z.ZodType>(call: Call<S>): Promise<z.output<S>> {
    const { response, body } = await this.#send(call);
    if (!response.ok) throw refusal(response, body);
    const answer = call.answer.safeParse(body);
    if (!answer.success) {
      const message = `The server's answer to ${call.method} ${call.path} is not understood. Is it of another version?`;
      throw new HoldfastError('INTERNAL', message, { cause: answer.error });
    }
    return answer.data;
  }

  async #send(call: Call<z.ZodType>): Promise<{ response: Response; body: unknown }> {
    const headers = new Headers({ accept: 'application/json' });
    if (call.token !== undefined) headers.set('authorization', `Bearer ${call.token}`);
    if (call.body !== undefined) headers.set('content-type', 'application/json');
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    const init: RequestInit = { method: call.method, headers, body, signal: call.signal, cache: 'no-store' };
    try {
      const response = await this.#fetch(call.path, init);
      return { response, body: parsed(await response.text()) };
    } catch (error) {
      throw unanswered(error, call.signal);
    }
  }
}

const drainPath = (nodeId: string) => `/v1/nodes/${encodeURIComponent(nodeId)}/drain`;

function refusal(response: Response, body: unknown): HoldfastError {
  const said = errorBody.safeParse(body);
  if (!said.success) {
    return new HoldfastError(
      codeOfStatus(response.status),
      `The server answered with status ${response.status}.`,
    );
  }
  const { code, message, retryAfterMs } = said.data.error;
  return new HoldfastError(
    isErrorCode(code) ? code : codeOfStatus(response.status),
    message,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** For answers that do not come from the control plane itself, such as those of a load balancer in front of it. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'FORBIDDEN';
  if (status === 404) return 'NOT_FOUND';
  if (status === 429 || status === 503) return 'NOT_READY';
  if (status === 502 || status === 504) return 'TIMEOUT';
  if (status >= 400 && status < 500) return 'BAD_REQUEST';
  return 'INTERNAL';
}

/** @returns undefined for what is no JSON, such as a load balancer's own page */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unanswered(error: unknown, signal: AbortSignal): unknown {
  const timedOut =
    signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  if (timedOut) return new HoldfastError('TIMEOUT', 'The server did not answer in time.', { cause: error });
  if (signal.aborted) return signal.reason;
  return new HoldfastError('CONNECTION_CLOSED', 'The server cannot be reached.', { cause: error });
}
