import { EventEmitter } from 'eventemitter3';
import type { ClusterSecrets } from '../config/index.ts';
import { type Clock, pause } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { dialRpc, type RpcSocket } from '../process/rpc-socket.ts';
import {
  type Agreement,
  type Ask,
  commonVersion,
  type DrainReport,
  type Handlers,
  type HeldMeeting,
  HoldfastError,
  INTERNAL_VERSION,
  type NodeLoad,
  type NodeVerdict,
  type ParamsOf,
  type RelayFacts,
  registryClientContract,
  registryContract,
  toHoldfastError,
} from '../protocol/index.ts';

/** Asks the control plane. */
export type AskRegistry = Ask<typeof registryContract>;
type RegistrySocket = RpcSocket<typeof registryClientContract, typeof registryContract>;

/** What a machine tells of itself again and again. */
export interface MachineNews {
  readonly drain: DrainReport;
  readonly load: NodeLoad;
  readonly meetings: HeldMeeting[];
  /** A TURN server's. */
  readonly relay?: RelayFacts;
}

export interface RegistryLinkOptions {
  readonly identity: Omit<ParamsOf<typeof registryContract, 'node.register'>, keyof MachineNews | 'protocol'>;
  readonly urls: readonly string[];
  readonly secrets: ClusterSecrets;
  /** Everything the control plane should know now. */
  readonly facts: () => MachineNews;
  /** Called before each regular heartbeat, so that the facts are fresh. */
  readonly measure: () => Promise<void>;
  readonly handlers: Handlers<typeof registryClientContract>;
  /** What both sides hold for the same from now on. */
  readonly agreed: (agreement: Agreement) => void;
  /** The directory knows better than this machine what becomes of these meetings. */
  readonly obey: (verdict: NodeVerdict) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;
/** Changes within this time go out as one heartbeat, ms. */
const COALESCE_MS = 20;
const PING_MS = 1000;
/** A heartbeat waits no longer than this for fresh numbers, ms. */
const MEASURE_LIMIT_MS = 500;

/**
 * A machine's word to the control plane, whatever its role: registers, sends heartbeats, starts over when the connection is
 * lost, with all it holds. What it carries does not care whether it is there.
 */
export class RegistryLink extends EventEmitter<{ registered: () => void; lost: () => void }> {
  readonly #options: RegistryLinkOptions;
  readonly #abort = new AbortController();
  #socket: RegistrySocket | undefined;
  #soon: (() => void) | undefined;
  /** What of the facts is urgent, as it was last sent. */
  #told = '';
  #running: Promise<void> | undefined;
  #measuring: Promise<void> | undefined;

  constructor(options: RegistryLinkOptions) {
    super();
    this.#options = options;
  }

  get registered(): boolean {
    return this.#socket !== undefined;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Something may have changed that the control plane should know before the next second: where meetings are, and whether this
   * machine takes any, or relays. All else waits for the next regular heartbeat, or a meeting of many would send one for each mute.
   */
  changed(): void {
    if (this.#soon || !this.#socket || urgentOf(this.#options.facts()) === this.#told) return;
    this.#soon = this.#options.clock.after(COALESCE_MS, () => {
      this.#soon = undefined;
      void this.#heartbeat();
    });
  }

  readonly ask: AskRegistry = async (method, params) => {
    const socket = this.#socket;
    if (!socket) {
      throw new HoldfastError('CONNECTION_CLOSED', 'the control plane is not connected', {
        retryAfterMs: 500,
      });
    }
    return socket.request(method, params);
  };

  async close(): Promise<void> {
    const socket = this.#socket;
    socket?.notify('node.leaving', { nodeId: this.#options.identity.nodeId });
    this.#abort.abort();
    this.#soon?.();
    socket?.close('the node stops');
    await this.#running;
    this.removeAllListeners();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let retryMs = FIRST_RETRY_MS;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const url = this.#options.urls[attempt % this.#options.urls.length];
      if (url === undefined) return;
      try {
        const served = await this.#serve(url);
        if (served) retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn({ err: toHoldfastError(error).message, url, retryMs }, 'registry.unreachable');
      }
      // Jitter: all nodes lose a control plane in the same moment and must not come back in the same moment.
      await pause(this.#options.clock, retryMs * (0.5 + Math.random()), signal);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
  }

  async #serve(url: string): Promise<boolean> {
    const { identity, secrets, handlers, log } = this.#options;
    const { signal } = this.#abort;
    const socket: RegistrySocket = await dialRpc(url, secrets.HOLDFAST_CLUSTER_TOKEN, {
      local: registryClientContract,
      remote: registryContract,
      handlers,
      pingMs: PING_MS,
      timeoutMs: 5000,
      signal,
      onError: (error, context) => log.warn({ err: error, ...context }, 'registry.error'),
    });
    try {
      const { heartbeatMs, resumeMs, protocol, ...verdict } = await socket.request('node.register', {
        ...identity,
        protocol: INTERNAL_VERSION,
        ...this.#factsToTell(),
      });
      commonVersion(protocol);
      this.#socket = socket;
      this.#options.agreed({ heartbeatMs, resumeMs });
      this.#options.obey(verdict);
      log.info({ url, heartbeatMs }, 'registry.registered');
      this.emit('registered');
      const timer = setInterval(() => void this.#regular(), heartbeatMs);
      const reason = await socket.closed;
      clearInterval(timer);
      if (!signal.aborted) log.warn({ url, reason }, 'registry.lost');
      return true;
    } finally {
      this.#socket = undefined;
      socket.terminate('over');
      this.emit('lost');
    }
  }

  async #regular(): Promise<void> {
    // A worker that hangs answers no question. The heartbeat must go out all the same: the other workers' meetings are well.
    this.#measuring ??= this.#options.measure().finally(() => {
      this.#measuring = undefined;
    });
    await Promise.race([this.#measuring, pause(this.#options.clock, MEASURE_LIMIT_MS, this.#abort.signal)]);
    await this.#heartbeat();
  }

  #factsToTell(): MachineNews {
    const facts = this.#options.facts();
    this.#told = urgentOf(facts);
    return facts;
  }

  async #heartbeat(): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    try {
      const verdict = await socket.request('node.heartbeat', {
        nodeId: this.#options.identity.nodeId,
        ...this.#factsToTell(),
      });
      this.#options.obey(verdict);
    } catch (error) {
      const known = toHoldfastError(error);
      if (known.code === 'CONNECTION_CLOSED') return;
      this.#options.log.warn({ err: known.message, code: known.code }, 'registry.heartbeat_failed');
      // A control plane that does not know this node any more must hear all of it again.
      if (known.code === 'NODE_UNKNOWN' || known.code === 'TIMEOUT') socket.terminate(known.message);
    }
  }
}

/** What the control plane must know at once, as a text to compare. */
function urgentOf({ drain, meetings, relay }: MachineNews): string {
  return [
    drain.state,
    relay === undefined ? '' : `relays: ${relay.healthy}`,
    ...meetings.map(({ meetingId, epoch, role }) => `${meetingId} ${epoch} ${role}`),
  ].join('\n');
}
