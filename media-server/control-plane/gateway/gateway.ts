import type { WebSocket } from 'ws';
import type { ControlPlaneConfig } from '../../config/index.ts';
import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import {
  closeCode,
  type gatewayContract,
  HoldfastError,
  type IceServer,
  type ParamsOf,
} from '../../protocol/index.ts';
import type { Claims } from '../directory/claims.ts';
import type { Directory } from '../directory/directory.ts';
import type { Homes } from '../directory/homes.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import type { Registry } from '../nodes/registry.ts';
import type { EndedSession } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { TokenLedger } from '../tokens/token-ledger.ts';
import { ClientConnection, type ClientHost, type Entered, type Entry } from './client-connection.ts';
import { Entrance } from './entrance.ts';
import { Follower } from './follower.ts';
import { Handovers } from './handovers.ts';
import { IceServers } from './ice-servers.ts';
import type { GatewayLeg } from './leg.ts';
import { Legs } from './legs.ts';
import { nodeHandlers } from './node-handlers.ts';
import { NodeLinks, type NodeSocket } from './node-links.ts';
import { type PathCounts, pathCounts } from './path-counts.ts';
import { Reconciler } from './reconciler.ts';
import { Recovery } from './recovery.ts';
import type { Client, Session } from './session.ts';
import { SessionAllowance } from './session-allowance.ts';
import { Sessions } from './sessions.ts';
import { spreadMsFor } from './spread.ts';

export interface GatewayOptions {
  readonly config: Pick<ControlPlaneConfig, 'replicaId' | 'iceServers' | 'turn' | 'timing'>;
  readonly clusterToken: string;
  readonly turnSecret: string | undefined;
  /** Ends what somebody relays, on every TURN server, and whatever is begun with credentials that end by then. */
  readonly endRelays: (whose: { readonly user: string; readonly untilMs: number }) => Promise<void>;
  readonly ledger: TokenLedger;
  readonly homes: Homes;
  readonly directory: Directory;
  readonly claims: Claims;
  readonly registry: Registry;
  readonly endedSessions: Table<EndedSession>;
  readonly metrics: ControlPlaneMetrics;
  readonly timing: {
    /** A browser that has said neither `join` nor `resume` by then is let go, ms. */
    readonly firstMessageMs: number;
    readonly clientPingMs: number;
    /** How long clients have to resume elsewhere before their WebSockets are closed, ms. */
    readonly closingMs: number;
  };
  readonly clock: Clock;
  readonly log: Logger;
}

/** Holds the participants' WebSockets and speaks for their legs to the media nodes. */
export class Gateway implements ClientHost {
  readonly #options: GatewayOptions;
  readonly #sessions = new Sessions();
  readonly #links: NodeLinks;
  readonly #legs: Legs;
  readonly #follower: Follower;
  readonly #handovers: Handovers;
  readonly #recovery: Recovery;
  readonly #reconciler: Reconciler;
  readonly #stopping = new AbortController();
  readonly #connections = new Set<ClientConnection>();
  readonly #entrance: Entrance;
  readonly #allowance: SessionAllowance;
  readonly #ice: IceServers;
  #connectionCount = 0;
  #closing: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { config, clusterToken, homes, directory, registry, metrics, clock, log } = options;
    const now = () => clock.now();
    const sessions = this.#sessions;
    this.#allowance = new SessionAllowance(now);
    this.#ice = new IceServers({
      config,
      turnSecret: options.turnSecret,
      registry,
      sessions,
      clock,
      signal: this.#stopping.signal,
    });
    const links = new NodeLinks({
      replicaId: config.replicaId,
      clusterToken,
      pingMs: config.timing.pingMs,
      handlers: (nodeId) =>
        nodeHandlers(nodeId, { legs: this.#legs, handovers: this.#handovers, recovery: this.#recovery }),
      onOpen: (nodeId) => this.#legs.linkOpened(nodeId),
      onGone: (nodeId, reason) => this.#guard('recovery.failed', this.#recovery.linkGone(nodeId, reason)),
      log,
    });
    const legs = new Legs({
      links,
      homes,
      iceServers: (session, leg) => this.#ice.for(session, leg),
      onLegGone: (session) => this.#entrance.legGone(session),
      log,
    });
    const { signal } = this.#stopping;
    const follower = new Follower({ legs, links, homes, directory, registry, signal, clock, log });
    this.#follower = follower;
    this.#reconciler = new Reconciler({ sessions, follower, directory, now, log });
    this.#links = links;
    this.#legs = legs;
    this.#handovers = new Handovers({ sessions, legs, follower, links, directory, clock, log });
    this.#recovery = new Recovery({
      sessions,
      legs,
      follower,
      links,
      homes,
      directory,
      registry,
      metrics,
      heartbeatMs: config.timing.heartbeatMs,
      signal: this.#stopping.signal,
      clock,
      log,
    });
    this.#entrance = new Entrance({
      follower,
      sessions,
      legs,
      ledger: options.ledger,
      directory,
      claims: options.claims,
      endedSessions: options.endedSessions,
      metrics,
      resumeMs: config.timing.resumeMs,
      clock,
      log,
    });
    registry.on('lost', (nodeId) => this.#guard('recovery.failed', this.#recovery.nodeLost(nodeId)));
    registry.on('left', (nodeId) => {
      legs.nodeLeft(nodeId);
      if (legs.on(nodeId).length === 0) links.forget(nodeId);
    });
  }

  get sessionsByState(): Record<Session['state'], number> {
    return this.#sessions.countByState();
  }

  /** How the participants' media goes; of one meeting, or of all. */
  paths(meetingId?: string): PathCounts {
    const sessions = meetingId === undefined ? this.#sessions.all() : this.#sessions.of(meetingId);
    return pathCounts(sessions.map(({ legs }) => [...legs.values()].map(({ seen }) => seen)));
  }

  get legCount(): number {
    return this.#legs.count;
  }

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  isLinked(nodeId: string): boolean {
    return this.#links.linked(nodeId) !== undefined;
  }

  accept(socket: WebSocket, entry: Entry): void {
    if (this.#closing) {
      // Whatever it still sends, a frame that is none of WebSocket's among it, must not end the process.
      socket.on('error', () => socket.terminate());
      socket.close(closeCode.resume, 'this gateway stops');
      return;
    }
    const { timing, metrics, clock, log } = this.#options;
    this.#connectionCount += 1;
    const connection = new ClientConnection(socket, {
      connection: this.#connectionCount,
      host: this,
      firstMessageMs: timing.firstMessageMs,
      pingMs: timing.clientPingMs,
      entry,
      clock,
      onRefused: (what) => metrics.signalRefused(what),
      log,
    });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  join(client: Client, params: ParamsOf<typeof gatewayContract, 'join'>): Promise<Entered<'join'>> {
    return this.#entrance.join(client, params);
  }

  resume(client: Client, params: ParamsOf<typeof gatewayContract, 'resume'>): Promise<Entered<'resume'>> {
    return this.#entrance.resume(client, params);
  }

  leave(session: Session): Promise<void> {
    return this.#entrance.leave(session);
  }

  disconnected(session: Session, client: Client): void {
    this.#entrance.disconnected(session, client);
    if (session.state === 'away') this.#handovers.away(session);
  }

  route(session: Session, legId: string): NodeSocket {
    this.#spend(session);
    const leg = session.legs.get(legId);
    if (!leg) throw new HoldfastError('LEG_UNKNOWN', `this session has no leg ${legId}`);
    const socket = this.#links.linked(leg.nodeId);
    if (!socket)
      throw new HoldfastError('NODE_UNREACHABLE', `the connection to node ${leg.nodeId} is broken`);
    return socket;
  }

  iceServers(session: Session, legId: string): IceServer[] | undefined {
    const leg = session.legs.get(legId);
    return leg && this.#ice.for(session, leg);
  }

  legUnknown(session: Session, leg: GatewayLeg): void {
    const { legId } = leg;
    this.#options.log.warn({ meetingId: session.meetingId, legId }, 'leg.unknown_to_node');
    this.#legs.close(session, leg, 'lost', { tellNode: false });
    this.#guard('leg.not_replaced', this.#follower.follow(session, true));
  }

  /** The client can do nothing with this leg any more. */
  async renew(session: Session, legId: string): Promise<void> {
    this.#spend(session);
    const leg = session.legs.get(legId);
    if (leg) this.#legs.close(session, leg, 'lost', { tellNode: true });
    await this.#follower.follow(session, true);
  }

  published(session: Session, leg: GatewayLeg): void {
    if (this.#mayReport(session)) this.#handovers.published(session, leg);
  }

  switched(
    session: Session,
    leg: GatewayLeg,
    params: ParamsOf<typeof gatewayContract, 'leg.switched'>,
  ): void {
    if (this.#mayReport(session)) this.#handovers.switched(session, leg, params);
  }

  pathSeen(session: Session, leg: GatewayLeg, params: ParamsOf<typeof gatewayContract, 'leg.path'>): void {
    if (!this.#mayReport(session)) return;
    const { path, poor } = params;
    leg.seen = { path, poor };
  }

  reported(session: Session, leg: GatewayLeg, tell: (node: NodeSocket) => void): void {
    if (!this.#mayReport(session)) return;
    const socket = this.#links.linked(leg.nodeId);
    if (socket) tell(socket);
  }

  /** Puts everybody, or one participant, out of this meeting at once; their tokens are void. @returns how many were here */
  async remove(meetingId: string, participantId?: string): Promise<number> {
    await this.#options.ledger.revoke(meetingId, participantId);
    const sessions = this.#sessions
      .of(meetingId)
      .filter(
        ({ participant }) => participantId === undefined || participant.participantId === participantId,
      );
    await this.#entrance.remove(sessions, participantId === undefined ? 'ended' : 'removed');
    for (const { participant, ice } of sessions) {
      if (ice === undefined || ice.turn.length === 0) continue;
      this.#guard(
        'relay.not_ended',
        this.#options.endRelays({ user: `${meetingId}/${participant.participantId}`, untilMs: ice.endsAtMs }),
      );
    }
    return sessions.length;
  }

  /** A TURN server drains, relays nothing, or is gone: whoever has it is told of another. */
  turnGone(): void {
    this.#guard('ice.not_told', this.#ice.sweep());
  }

  /** Brings everybody to where their meeting lives by now, and to the ICE servers of now. To be called every now and then. */
  async reconcile(): Promise<void> {
    await this.#reconciler.sweep();
    await this.#ice.sweep();
  }

  /**
   * Tells clients to go elsewhere, gives them a moment, then closes. Legs stay: nodes keep them until their participants
   * resume. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock, timing } = this.#options;
    const { closingMs } = timing;
    const sessions = [...this.#sessions.all()];
    const closing = { withinMs: closingMs, spreadMs: spreadMsFor(sessions.length) };
    for (const session of sessions) session.client?.notify('gateway.closing', closing);
    const done = new AbortController();
    const allGone = Promise.all([...this.#connections].map(({ closed }) => closed));
    await Promise.race([allGone, pause(clock, closingMs, done.signal)]);
    done.abort();
    this.#stopping.abort();
    this.#entrance.close();
    for (const connection of this.#connections) connection.close(closeCode.resume, 'this gateway stops');
    await Promise.all([...this.#connections].map(({ closed }) => closed));
    await this.#links.close();
  }

  /** @throws TOO_MANY when this session, over whatever connections, has asked for more than its share */
  #spend(session: Session): void {
    const retryAfterMs = this.#allowance.take(session);
    if (retryAfterMs === 0) return;
    this.#options.metrics.signalRefused('relay');
    throw new HoldfastError('TOO_MANY', 'this session asks for too much of its media node', { retryAfterMs });
  }

  /** Nobody waits for an answer to a report: above the allowance it is dropped. */
  #mayReport(session: Session): boolean {
    if (this.#allowance.take(session) === 0) return true;
    this.#options.metrics.signalRefused('report');
    return false;
  }

  /** For work that nobody waits for. */
  #guard(event: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.log.error({ err: error }, event));
  }
}
