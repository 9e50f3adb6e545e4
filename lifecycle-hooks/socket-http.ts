import { get, request } from 'node:http';
import { NODE_ID_HEADER } from '@holdfast/media-server/protocol/index.ts';

export interface SocketRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface SocketAnswer {
  readonly status: number;
  /** The parsed JSON; undefined when there was none. */
  readonly body: unknown;
}

/** An answer of ours is a few kilobytes; more than this is somebody else's socket. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * One HTTP request with JSON over a Unix socket. Rejects with Node's own error (ECONNREFUSED and ENOENT: nobody listens
 * there) or with a TimeoutError; any HTTP status is an answer.
 */
export async function socketRequest(options: SocketRequest): Promise<SocketAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(timeout.aborted ? timeout.reason : error);
    const outgoing = request({
      socketPath: options.socketPath,
      method: options.method,
      path: options.path,
      signal,
      // One connection a request: a kept one would break whenever the other side restarts.
      agent: false,
      headers:
        payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
    });
    outgoing.once('error', fail);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        try {
          resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        } catch (error) {
          reject(error);
        }
      });
    });
    outgoing.end(payload);
  });
}

/**
 * Asks a node's probe address. Resolves with the node that answers, undefined when it does not say; any HTTP status is an
 * answer. Rejects as `socketRequest` does.
 */
export function probedNode(url: string, timeoutMs: number): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    get(url, { signal, agent: false }, (response) => {
      response.resume();
      const nodeId = response.headers[NODE_ID_HEADER];
      resolve(typeof nodeId === 'string' ? nodeId : undefined);
    }).once('error', reject);
  });
}

/** Whether the error of a request says that no process listens on the socket. */
export function nobodyListens(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')
  );
}
