import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { HoldfastError } from '../protocol/index.ts';

export interface AwsMetadataOptions {
  /** Another address than the machine's own, for tests. */
  readonly endpoint?: string | undefined;
  /** The longest that one answer may take, ms. It comes from the machine itself, in a millisecond. */
  readonly timeoutMs?: number | undefined;
}

const ENDPOINT = 'http://169.254.169.254';
const TIMEOUT_MS = 1000;
const TOKEN_TTL_S = 21_600;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * The instance metadata service, version 2. "Nothing to say" (404) and "no answer" are different things: the one is
 * undefined, the other CLOUD_UNREACHABLE.
 */
export class AwsMetadata {
  readonly #endpoint: string;
  readonly #timeoutMs: number;
  #token: Promise<string> | undefined;

  constructor({ endpoint = ENDPOINT, timeoutMs = TIMEOUT_MS }: AwsMetadataOptions = {}) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /** What stands at this path under `/latest/meta-data/`; undefined: nothing. */
  async get(path: string, signal?: AbortSignal): Promise<string | undefined> {
    const token = this.#currentToken(signal);
    let answer = await this.#read(path, await token, signal);
    if (answer.status === 401) {
      // Tokens end before their time: what the service says of one counts, not the clock.
      if (this.#token === token) this.#token = undefined;
      answer = await this.#read(path, await this.#currentToken(signal), signal);
    }
    if (answer.status === 404) return undefined;
    if (answer.status === 200) return answer.body;
    throw unanswered(path, `HTTP ${answer.status}`);
  }

  #read(path: string, token: string, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#request('GET', `/latest/meta-data/${path}`, { 'x-aws-ec2-metadata-token': token }, signal);
  }

  #currentToken(signal: AbortSignal | undefined): Promise<string> {
    if (this.#token) return this.#token;
    const token = this.#newToken(signal);
    this.#token = token;
    token.catch(() => {
      if (this.#token === token) this.#token = undefined;
    });
    return token;
  }

  async #newToken(signal: AbortSignal | undefined): Promise<string> {
    const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_S) };
    const { status, body } = await this.#request('PUT', '/latest/api/token', ttl, signal);
    if (status === 200) return body;
    throw unanswered('the token', `HTTP ${status}`);
  }

  async #request(
    method: 'GET' | 'PUT',
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const outgoing = request(`${this.#endpoint}${path}`, {
          method,
          headers: { ...headers, ...(method === 'PUT' ? { 'content-length': '0' } : {}) },
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
          // One connection a request: a kept one would break whenever the service restarts.
          agent: false,
        });
        outgoing.once('error', reject);
        outgoing.once('response', (response) => {
          text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
        });
        outgoing.end();
      });
    } catch (error) {
      const hint =
        timeout.aborted && method === 'PUT'
          ? `no answer within ${this.#timeoutMs} ms; inside a container the hop limit of the instance must be 2`
          : String(error);
      throw unanswered(method === 'PUT' ? 'the token' : path, hint, error);
    }
  }
}

function unanswered(what: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('CLOUD_UNREACHABLE', `the metadata service does not answer for ${what}: ${why}`, {
    cause,
  });
}
