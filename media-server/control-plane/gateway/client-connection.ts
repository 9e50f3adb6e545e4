import type { WebSocket } from 'ws';
import type { Clock } from '../../process/clock.ts';
import { CLIENT_BUDGET } from '../../process/connection-budget.ts';
import type { Logger } from '../../process/logger.ts';
import { RpcSocket } from '../../process/rpc-socket.ts';
import {
  clientContract,
  closeCode,
  gatewayContract,
  type Handlers,
  HoldfastError,
  type IceServer,
  type ParamsOf,
  type ResultOf,
} from '../../protocol/index.ts';
import { publicError } from '../public-error.ts';
import type { GatewayLeg } from './leg.ts';
import type { NodeSocket } from './node-links.ts';
import { relayLegRequests } from './relay.ts';
import type { Client, Session } from './session.ts';

type FromClient = typeof gatewayContract;

/** What a connection needs of the gateway. */
export interface ClientHost {
  join(client: Client, params: ParamsOf<FromClient, 'join'>): Promise<Entered<'join'>>;
  resume(client: Client, params: ParamsOf<FromClient, 'resume'>): Promise<Entered<'resume'>>;
  leave(session: Session): Promise<void>;
  disconnected(session: Session, client: Client): void;
  /** The link of the leg's node. */
  route(session: Session, legId: string): NodeSocket;
  /** What a leg that restarts ICE is to use from now on; undefined: there is no such leg. */
  iceServers(session: Session, legId: string): IceServer[] | undefined;
  /** The leg's node says that it does not have it. */
  legUnknown(session: Session, leg: GatewayLeg): void;
  /** The leg is of no use to its client: another one is opened. */
  renew(session: Session, legId: string): Promise<void>;
  published(session: Session, leg: GatewayLeg): void;
  switched(session: Session, leg: GatewayLeg, params: ParamsOf<FromClient, 'leg.switched'>): void;
  pathSeen(session: Session, leg: GatewayLeg, params: ParamsOf<FromClient, 'leg.path'>): void;
  /** Told to the leg's node only. */
  reported(session: Session, leg: GatewayLeg, tell: (node: NodeSocket) => void): void;
}

export interface Entered<M extends 'join' | 'resume'> {
  readonly session: Session;
  readonly answer: ResultOf<FromClient, M>;
}

/** Told how far a connection is with its join or resume; a failed one waits again. */
export type Entry = (stage: 'entering' | 'waiting' | 'entered') => void;

export interface ClientConnectionOptions {
  readonly connection: number;
  readonly host: ClientHost;
  readonly firstMessageMs: number;
  readonly pingMs: number;
  readonly entry: Entry;
  readonly clock: Clock;
  readonly onRefused?: (what: 'message' | 'connection') => void;
  readonly log: Logger;
}

/** Joins and resumes that may fail on one connection: the token was too old, no node was ready, and once more. */
const MAX_ATTEMPTS = 3;
/** How long a browser has to answer the closing handshake, ms. */
const CLOSING_MS = 500;

/** One browser's WebSocket: first `join` or `resume`, then requests and reports about legs. */
export class ClientConnection implements Client {
  readonly connection: number;
  readonly #socket: WebSocket;
  readonly #rpc: RpcSocket<typeof gatewayContract, typeof clientContract>;
  readonly #options: ClientConnectionOptions;
  #session: Session | undefined;
  #entering = false;
  /** Notifications that wait until the answer to `join` or `resume` is on its way. */
  #held: (() => void)[] | undefined = [];
  /** All the time before entering; neither pings nor failed attempts make it longer. */
  readonly #cancelEntryDeadline: () => void;
  #cancelTermination = () => {};
  #overdue = false;
  #attempts = 0;

  constructor(socket: WebSocket, options: ClientConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.connection = options.connection;
    this.#rpc = new RpcSocket(socket, {
      local: gatewayContract,
      remote: clientContract,
      handlers: this.#handlers(),
      pingMs: options.pingMs,
      budget: CLIENT_BUDGET,
      errorToTell: publicError,
      ...(options.onRefused ? { onRefused: options.onRefused } : {}),
      onError: (error, context) =>
        options.log.info({ ...context, code: error.code, reason: error.message }, 'client.error'),
    });
    this.#cancelEntryDeadline = options.clock.after(options.firstMessageMs, () => {
      this.#overdue = true;
      if (!this.#entering) this.#giveUp();
    });
    void this.#rpc.closed.then((reason) => {
      this.#cancelEntryDeadline();
      this.#cancelTermination();
      this.#held = undefined;
      options.log.debug({ connection: this.connection, reason }, 'client.closed');
      if (this.#session) options.host.disconnected(this.#session, this);
    });
  }

  readonly notify: Client['notify'] = (method, params) => {
    if (!this.#held) return this.#rpc.notify(method, params);
    this.#held.push(() => this.#rpc.notify(method, params));
    return this.#rpc.open;
  };

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    // A browser that does not answer the closing handshake must not hold us.
    this.#cancelTermination();
    this.#cancelTermination = this.#options.clock.after(CLOSING_MS, () => this.#rpc.terminate(reason));
  }

  alive(withinMs: number): Promise<boolean> {
    return this.#rpc.alive(withinMs);
  }

  get closed(): Promise<string> {
    return this.#rpc.closed;
  }

  #giveUp(): void {
    this.close(closeCode.notEntered, 'neither join nor resume in time');
  }

  async #enter<M extends 'join' | 'resume'>(
    enter: () => Promise<Entered<M>>,
  ): Promise<ResultOf<FromClient, M>> {
    if (this.#session || this.#entering)
      throw new HoldfastError('CONFLICT', 'this connection has entered already');
    if (this.#attempts >= MAX_ATTEMPTS)
      throw new HoldfastError('TOO_MANY', 'too many attempts on this connection');
    this.#entering = true;
    this.#attempts += 1;
    this.#options.entry('entering');
    try {
      const { session, answer } = await enter();
      this.#session = session;
      this.#cancelEntryDeadline();
      this.#rpc.entered();
      this.#options.entry('entered');
      // It may have closed while the gateway was busy with it.
      if (!this.#rpc.open) this.#options.host.disconnected(session, this);
      // The answer is written in this turn of the event loop; what waits comes behind it.
      setImmediate(() => this.#release());
      return answer;
    } catch (error) {
      this.#held = [];
      this.#options.entry('waiting');
      // The answer is written in this turn of the event loop; the close comes behind it.
      if (this.#overdue || this.#attempts >= MAX_ATTEMPTS) setImmediate(() => this.#giveUp());
      throw error;
    } finally {
      this.#entering = false;
    }
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  #entered(): Session {
    if (!this.#session)
      throw new HoldfastError('UNAUTHENTICATED', 'the first message must be join or resume');
    return this.#session;
  }

  #handlers(): Handlers<FromClient> {
    const { host } = this.#options;
    /** Reports about a leg that has just been closed are of no use to anybody. */
    const reported = (legId: string, then: (session: Session, leg: GatewayLeg) => void) => {
      const leg = this.#session?.legs.get(legId);
      if (this.#session && leg) then(this.#session, leg);
    };
    return {
      join: (params) => this.#enter(() => host.join(this, params)),
      resume: (params) => this.#enter(() => host.resume(this, params)),
      leave: async () => {
        await host.leave(this.#entered());
        return {};
      },
      ping: () => ({}),
      'leg.renew': async ({ legId }) => {
        await host.renew(this.#entered(), legId);
        return {};
      },
      ...relayLegRequests(
        (legId) => host.route(this.#entered(), legId),
        (legId) => host.iceServers(this.#entered(), legId),
        (legId) => reported(legId, (session, leg) => host.legUnknown(session, leg)),
      ),
      'leg.published': (p) => reported(p.legId, (session, leg) => host.published(session, leg)),
      'leg.switched': (p) => reported(p.legId, (session, leg) => host.switched(session, leg, p)),
      'leg.path': (p) => reported(p.legId, (session, leg) => host.pathSeen(session, leg, p)),
      'consumer.stalled': (p) =>
        reported(p.legId, (session, leg) =>
          host.reported(session, leg, (node) => node.notify('consumer.stalled', p)),
        ),
    };
  }
}
