import {
  createJSONRPCErrorResponse,
  JSONRPCClient,
  JSONRPCErrorException,
  type JSONRPCErrorResponse,
  type JSONRPCID,
  type JSONRPCRequest,
  type JSONRPCResponse,
  JSONRPCServer,
  JSONRPCServerAndClient,
} from 'json-rpc-2.0';
import { z } from 'zod';
import type { Contract, Handlers, NotificationName, ParamsOf, RequestName, ResultOf } from './contract.ts';
import { HoldfastError, isErrorCode, toHoldfastError } from './errors.ts';

/** JSON-RPC's range for errors that a server defines; ours are told apart by `data.code`. */
const SERVER_ERROR = -32000;
const METHOD_NOT_FOUND = -32601;
/** Ids come back with the answer; a long one would be an echo at our cost. */
const MAX_ID_LENGTH = 64;

const id = z.union([z.string().max(MAX_ID_LENGTH), z.number()]);
/** One message: a request, a notification or an answer. An array of them, a batch, is none. */
const envelope = z.looseObject({ id: id.optional(), method: z.string().optional() });
/** An answer to what could not be understood names no id. Nobody waits for it. */
const answerToNothing = z.looseObject({ id: z.null(), error: z.unknown() });

export interface RpcPeerOptions<Local extends Contract, Remote extends Contract> {
  /** What this side understands. */
  readonly local: Local;
  /** What the other side understands. */
  readonly remote: Remote;
  readonly handlers: Handlers<Local>;
  /** Writes one text message; throws when the connection is closed, and a HoldfastError when only this message cannot be sent. */
  readonly send: (text: string) => void;
  /** What the other side is told of an error; by default all that it says. */
  readonly errorToTell?: (error: unknown) => HoldfastError;
  /** How long a request may take, in ms. */
  readonly timeoutMs?: number;
  /** Called with what a handler of a notification threw and with what could not be parsed: nobody else would learn of it. */
  readonly onError?: (error: HoldfastError, context: { method?: string }) => void;
}

/**
 * One end of a connection that speaks JSON-RPC 2.0 in both directions. Parameters are parsed at the door by the
 * contract's schemas; errors keep their code of the table across the wire.
 */
export class RpcPeer<Local extends Contract, Remote extends Contract> {
  readonly #peer: JSONRPCServerAndClient;
  readonly #options: RpcPeerOptions<Local, Remote>;
  #closed: string | undefined;
  #underWay = 0;

  constructor(options: RpcPeerOptions<Local, Remote>) {
    this.#options = options;
    const server = new JSONRPCServer({ errorListener: () => {} });
    server.mapErrorToJSONRPCErrorResponse = (id, error) => {
      return errorAnswer(id, (options.errorToTell ?? toHoldfastError)(error));
    };
    for (const method of Object.keys(options.local)) this.#serve(server, method);
    const client: JSONRPCClient = new JSONRPCClient((payload: JSONRPCRequest | JSONRPCResponse) => {
      try {
        options.send(JSON.stringify(payload));
      } catch (error) {
        if (!(error instanceof HoldfastError) || payload.id === undefined || payload.id === null) throw error;
        // Only this one cannot be sent: whoever asked learns why, here or there.
        const answer = errorAnswer(payload.id, error);
        if ('method' in payload) client.receive(answer);
        else options.send(JSON.stringify(answer));
      }
    });
    this.#peer = new JSONRPCServerAndClient(server, client, { errorListener: () => {} });
  }

  #serve<M extends keyof Local & string>(server: JSONRPCServer, method: M): void {
    const spec = this.#options.local[method];
    const handler = this.#options.handlers[method];
    if (!spec) return;
    const run = async (raw: unknown) => {
      const params = spec.params.safeParse(raw ?? {});
      if (!params.success) {
        throw new HoldfastError('BAD_REQUEST', `${method}: ${z.prettifyError(params.error)}`);
      }
      // The schema of `method` produced these parameters; TypeScript cannot follow that through the generic index.
      return handler(params.data as ParamsOf<Local, M>);
    };
    server.addMethod(method, async (raw: unknown) => {
      if (spec.kind === 'request') return (await run(raw)) ?? {};
      try {
        await run(raw);
      } catch (error) {
        this.#options.onError?.(toHoldfastError(error), { method });
      }
      return {};
    });
  }

  /** Asks the other side and waits for its answer. Rejects with a HoldfastError: the other side's, TIMEOUT or CONNECTION_CLOSED. */
  async request<M extends RequestName<Remote>>(
    method: M,
    params: z.input<Remote[M]['params']>,
    options: { timeoutMs?: number } = {},
  ): Promise<ResultOf<Remote, M>> {
    const spec = this.#options.remote[method];
    if (spec?.kind !== 'request') throw new HoldfastError('METHOD_UNKNOWN', `${method} is not a request`);
    if (this.#closed !== undefined) throw new HoldfastError('CONNECTION_CLOSED', this.#closed);
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 10_000;
    let answer: unknown;
    try {
      answer = await this.#peer.timeout(timeoutMs).request(method, params);
    } catch (error) {
      throw this.#fromWire(error, method, timeoutMs);
    }
    const result = spec.result.safeParse(answer);
    if (!result.success) {
      throw new HoldfastError('INTERNAL', `${method}: unexpected answer: ${z.prettifyError(result.error)}`);
    }
    return result.data as ResultOf<Remote, M>;
  }

  /** Tells the other side; false when the connection is closed. */
  notify<M extends NotificationName<Remote>>(method: M, params: z.input<Remote[M]['params']>): boolean {
    if (this.#closed !== undefined) return false;
    try {
      this.#options.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
      return true;
    } catch (error) {
      const reason =
        error instanceof HoldfastError
          ? error
          : new HoldfastError('CONNECTION_CLOSED', toHoldfastError(error).message);
      this.#options.onError?.(reason, { method });
      return false;
    }
  }

  /** Requests of the other side that wait for an answer. */
  get requestsUnderWay(): number {
    return this.#underWay;
  }

  /** Feed each text message of the connection in here. */
  receive(text: string): void {
    const payload = this.#parse(text);
    if (payload === undefined) return;
    const isRequest = payload.method !== undefined && payload.id !== undefined;
    if (isRequest) this.#underWay += 1;
    this.#peer
      .receiveAndSend(payload, undefined, undefined)
      .catch((error: unknown) => {
        if (this.#closed === undefined) this.#options.onError?.(toHoldfastError(error), {});
      })
      .finally(() => {
        if (isRequest) this.#underWay -= 1;
      });
  }

  /** Instead of `receive`, when this is too much: a request is answered with TOO_MANY, anything else is dropped. */
  refuse(text: string, retryAfterMs: number): void {
    const payload = this.#parse(text);
    if (payload?.method === undefined || payload.id === undefined) return;
    const tooMany = new HoldfastError('TOO_MANY', 'too many messages on this connection', { retryAfterMs });
    try {
      this.#options.send(JSON.stringify(errorAnswer(payload.id, tooMany)));
    } catch (error) {
      this.#options.onError?.(toHoldfastError(error), {});
    }
  }

  #parse(text: string): z.output<typeof envelope> | undefined {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#options.onError?.(new HoldfastError('BAD_REQUEST', 'a message that is not JSON'), {});
      return undefined;
    }
    const payload = envelope.safeParse(json);
    if (payload.success) return payload.data;
    if (answerToNothing.safeParse(json).success) return undefined;
    const what = Array.isArray(json) ? 'a batch; send one message at a time' : z.prettifyError(payload.error);
    this.#options.onError?.(
      new HoldfastError('BAD_REQUEST', `a message that is not understood: ${what}`),
      {},
    );
    return undefined;
  }

  /** The connection is gone: everything that waits fails at once. Idempotent. */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#peer.rejectAllPendingRequests(reason);
  }

  #fromWire(error: unknown, method: string, timeoutMs: number): HoldfastError {
    if (this.#closed !== undefined)
      return new HoldfastError('CONNECTION_CLOSED', this.#closed, { cause: error });
    if (error instanceof JSONRPCErrorException) {
      const data: unknown = error.data;
      const { code, retryAfterMs } =
        typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
      if (isErrorCode(code)) {
        return new HoldfastError(
          code,
          error.message,
          typeof retryAfterMs === 'number' ? { retryAfterMs } : {},
        );
      }
      if (error.code === METHOD_NOT_FOUND)
        return new HoldfastError('METHOD_UNKNOWN', `${method}: ${error.message}`);
      // The library answers for itself with code 0 and no data: when time is up, and when sending failed.
      if (!/timeout/i.test(error.message)) {
        return new HoldfastError('CONNECTION_CLOSED', `${method}: ${error.message}`, { cause: error });
      }
      return new HoldfastError('TIMEOUT', `${method}: no answer within ${timeoutMs} ms`);
    }
    // json-rpc-2.0 rejects with a bare Error on timeout and when sending failed.
    const message = error instanceof Error ? error.message : String(error);
    return /timeout/i.test(message)
      ? new HoldfastError('TIMEOUT', `${method}: no answer within ${timeoutMs} ms`)
      : new HoldfastError('CONNECTION_CLOSED', `${method}: ${message}`, { cause: error });
  }
}

function errorAnswer(id: JSONRPCID, error: HoldfastError): JSONRPCErrorResponse {
  return createJSONRPCErrorResponse(id, SERVER_ERROR, error.message, {
    code: error.code,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}
