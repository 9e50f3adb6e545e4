import { ConfigError, type ControlPlaneConfig, type ControlPlaneSecrets } from '../config/index.ts';
import { type Clock, systemClock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import type { Running } from '../process/run-process.ts';
import { hostCheck } from './api/hosts.ts';
import { PublicServer } from './api/public-server.ts';
import { DemandBoard } from './capacity/demand-board.ts';
import { fleetGeneration } from './capacity/fleet-generation.ts';
import { Placer } from './capacity/placer.ts';
import { platformView } from './capacity/platform-view.ts';
import { Claims } from './directory/claims.ts';
import { Directory } from './directory/directory.ts';
import { Homes } from './directory/homes.ts';
import { Moves } from './directory/moves.ts';
import { Gateway } from './gateway/gateway.ts';
import { SignalServer } from './gateway/signal-server.ts';
import { ControlPlaneMetrics } from './metrics.ts';
import { type Door, NodeListener } from './nodes/node-listener.ts';
import { NodeOrders } from './nodes/node-orders.ts';
import { type RegisteredNode, Registry } from './nodes/registry.ts';
import { DecisionLog } from './scaling/decision-log.ts';
import { DrainOrders } from './scaling/drain-orders.ts';
import { Leadership } from './scaling/leadership.ts';
import { type ScalingDoorOptions, serveAutoscaler } from './scaling/scaling-door.ts';
import { MemoryStore } from './store/memory-store.ts';
import type { Store } from './store/store.ts';
import { TokenLedger } from './tokens/token-ledger.ts';
import { Tokens } from './tokens/tokens.ts';
import { TurnWatch } from './turn/turn-watch.ts';

export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly secrets: ControlPlaneSecrets;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Adds memory, CPU and event loop of this process to `/metrics`; once a process. */
  readonly processMetrics?: boolean;
  readonly timing?: Partial<ControlPlaneTiming>;
}

/** What nobody has to configure; tests shorten it. */
export interface ControlPlaneTiming {
  readonly firstMessageMs: number;
  readonly clientPingMs: number;
  readonly closingMs: number;
  /** After a start: how long a meeting that nobody knows may still be one whose node has not registered again. */
  readonly settleMs: number;
  /** After a start: how long a node that clients name may take to register again. Its next attempt may be 3 s away. */
  readonly returnMs: number;
}

const defaultTiming: ControlPlaneTiming = {
  firstMessageMs: 5000,
  // Three missed, and the others see that somebody is away; a browser's pong costs 6 bytes.
  clientPingMs: 2000,
  closingMs: 1000,
  settleMs: 3000,
  returnMs: 6000,
};

/** Between two looks for nodes that have fallen silent, ms. */
const SWEEP_MS = 250;
const CLEAN_UP_MS = 10_000;
/** Between two looks for participants who are not where their meeting lives, ms. */
const RECONCILE_MS = 2000;

/** One replica of the control plane: gateway, API, and the listener for media nodes. */
export class ControlPlane implements Running {
  readonly #parts: Parts;
  readonly #timers: NodeJS.Timeout[] = [];
  #publicPort = 0;
  #internalPort = 0;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Rejects with EADDRINUSE when an address is taken, with ConfigError when a file of the configuration is missing. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const controlPlane = new ControlPlane(await assemble(options));
    try {
      await controlPlane.#start();
      return controlPlane;
    } catch (error) {
      await controlPlane.close('start failed');
      throw error;
    }
  }

  /** Port of pages, REST and `/v1/signal`. */
  get publicPort(): number {
    return this.#publicPort;
  }

  /** Port of `/internal/nodes`. */
  get internalPort(): number {
    return this.#internalPort;
  }

  /** Sends the participants elsewhere, then ends. Nodes and media are not touched. Idempotent. */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #start(): Promise<void> {
    const { publicServer, internal, registry, claims, gateway, log } = this.#parts;
    this.#internalPort = await internal.listen();
    this.#publicPort = await publicServer.listen();
    this.#every(SWEEP_MS, 'registry.sweep_failed', () => registry.sweep());
    this.#every(RECONCILE_MS, 'session.reconcile_failed', () => gateway.reconcile());
    this.#every(CLEAN_UP_MS, 'directory.clean_up_failed', () => claims.endUnconfirmed());
    log.info({ publicPort: this.#publicPort, internalPort: this.#internalPort }, 'control_plane.listening');
  }

  #every(ms: number, failure: string, work: () => Promise<void>): void {
    const run = () => {
      work().catch((error: unknown) => this.#parts.log.error({ err: error }, failure));
    };
    this.#timers.push(setInterval(run, ms));
  }

  async #close(reason: string): Promise<void> {
    const { gateway, turnWatch, signal, publicServer, internal, registry, store, stopping, log } =
      this.#parts;
    log.info({ reason }, 'control_plane.closing');
    for (const timer of this.#timers) clearInterval(timer);
    stopping.abort();
    turnWatch.close();
    await gateway.close();
    signal.close();
    await publicServer.close();
    await internal.close();
    registry.removeAllListeners();
    await store.close();
  }
}

interface Parts {
  readonly store: Store;
  readonly registry: Registry;
  readonly claims: Claims;
  readonly gateway: Gateway;
  readonly turnWatch: TurnWatch;
  readonly publicServer: PublicServer;
  readonly signal: SignalServer;
  readonly internal: NodeListener;
  readonly stopping: AbortController;
  readonly log: Logger;
}

async function assemble(options: ControlPlaneOptions): Promise<Parts> {
  const { config, secrets, log, clock = systemClock } = options;
  const now = () => clock.now();
  const timing = { ...defaultTiming, ...options.timing };
  const { heartbeatMs, nodeLostMs } = config.timing;
  if (config.turn.urls.length > 0 && secrets.HOLDFAST_TURN_SECRET === undefined) {
    throw new ConfigError('turn: the environment has no HOLDFAST_TURN_SECRET, which its servers must share.');
  }
  const startedAtMs = now();
  const stopping = new AbortController();
  const knowsHost = hostCheck(config);

  const store = new MemoryStore(now);
  const registry = new Registry({ nodes: store.nodes, nodeLostMs, sweepMs: SWEEP_MS, now, log });
  const directory = new Directory(store.directory, now);
  const claims = new Claims(directory, registry, now);
  const demand = new DemandBoard({ wishes: store.wishes, meetings: store.meetings, directory, now });
  const placer = new Placer({
    registry,
    reservations: store.reservations,
    generation: () => fleetGeneration(store.fleets, now()),
    now,
  });
  const tokens = new Tokens(secrets.HOLDFAST_SIGNING_KEY, now);
  const { usedTokens, resumeTurns, revocations } = store;
  const ledger = new TokenLedger({ tokens, usedTokens, resumeTurns, revocations, now });
  const { leaders, terms, decisions, scalingSamples, machineTracks } = store;
  const leadership = new Leadership({ leaders, terms, now });
  const decisionLog = new DecisionLog({ decisions, samples: scalingSamples, tracks: machineTracks, now });
  const metrics = new ControlPlaneMetrics(config.replicaId, {
    sessions: () => gateway.sessionsByState,
    legs: () => gateway.legCount,
    paths: () => gateway.paths(),
    nodes: async () => countNodes(await registry.list()),
    meetings: async () => (await directory.list()).size,
    scalingLeader: () => leadership.leader(),
  });
  if (options.processMetrics) metrics.includeProcess();
  const homes: Homes = new Homes({
    directory,
    registry,
    placer,
    demand,
    meetings: store.meetings,
    isLinked: (nodeId) => gateway.isLinked(nodeId),
    settledAtMs: startedAtMs + timing.settleMs,
    returnedByMs: startedAtMs + timing.returnMs,
    signal: stopping.signal,
    clock,
    log,
  });
  const gateway: Gateway = new Gateway({
    config,
    clusterToken: secrets.HOLDFAST_CLUSTER_TOKEN,
    turnSecret: secrets.HOLDFAST_TURN_SECRET,
    endRelays: (whose) => orders.endRelays(whose),
    ledger,
    homes,
    directory,
    claims,
    registry,
    endedSessions: store.endedSessions,
    metrics,
    timing,
    clock,
    log,
  });
  const turnWatch = new TurnWatch({ registry, clock, onGone: () => gateway.turnGone() });
  const orders: NodeOrders = new NodeOrders({
    registry,
    connectionOf: (nodeId) => internal.connection(nodeId),
  });
  const internal: NodeListener = new NodeListener({
    listen: config.internal,
    clusterToken: secrets.HOLDFAST_CLUSTER_TOKEN,
    agreement: { heartbeatMs, resumeMs: config.timing.resumeMs },
    registry,
    claims,
    directory,
    placer,
    metrics: () => metrics.render(),
    doors: scalingDoor(secrets, {
      leadership,
      decisions: decisionLog,
      orders: new DrainOrders({
        leadership,
        drain: (nodeId, reason) => orders.drain(nodeId, { by: 'autoscaler', reason }),
        cancelDrain: (nodeId) => orders.cancelDrain(nodeId, { by: 'autoscaler' }),
      }),
      view: () => platformView({ registry, reservations: store.reservations, demand, now }),
      fleets: store.fleets,
      metrics: metrics.scaling,
      now,
      log,
    }),
    moves: new Moves({
      directory,
      claims,
      registry,
      placer,
      demand,
      homes,
      metrics,
      settledAtMs: startedAtMs + timing.settleMs,
      now,
      log,
    }),
    log,
  });
  const publicServer = await PublicServer.create({
    http: config.http,
    webRoot: config.webRoot,
    autoJoin: config.autoJoin,
    operators: {
      token: secrets.HOLDFAST_OPERATOR_TOKEN,
      registry,
      directory,
      meetings: store.meetings,
      decisions: async (look) => ({
        ...(await decisionLog.look(look)),
        leader: (await leadership.leader())?.holder ?? null,
      }),
      orders,
      paths: (meetingId) => gateway.paths(meetingId),
    },
    applications: {
      apiKey: secrets.HOLDFAST_API_KEY,
      openJoin: config.openJoin,
      tokens,
      directory,
      meetings: store.meetings,
      remove: (meetingId, participantId) => gateway.remove(meetingId, participantId),
      now,
    },
    onRefused: (what) => metrics.unauthenticated(what),
    joinRates: config.joinRates,
    knowsHost,
    ready: () => !gateway.closing,
    log,
  });
  const signal = new SignalServer(publicServer.http, {
    limits: config.limits,
    knowsHost,
    trustedProxies: config.http.trustedProxies,
    accept: (socket, entry) => gateway.accept(socket, entry),
    onRefused: (what) => metrics.signalRefused(what),
  });
  return { store, registry, claims, gateway, turnWatch, publicServer, signal, internal, stopping, log };
}

/** Without its secret nobody gives scaling orders. */
function scalingDoor(
  { HOLDFAST_SCALING_TOKEN: token }: ControlPlaneSecrets,
  options: ScalingDoorOptions,
): Record<string, Door> {
  if (token === undefined) return {};
  return { '/internal/scaling': { token, serve: (ws) => serveAutoscaler(ws, options) } };
}

function countNodes(nodes: readonly RegisteredNode[]): Record<string, number> {
  const counts: Record<string, number> = { active: 0, draining: 0, drained: 0, released: 0, unreachable: 0 };
  for (const { reachable, drain } of nodes) {
    const state = reachable ? drain.state : 'unreachable';
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
