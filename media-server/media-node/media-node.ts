import { capacityOf, type MachineCapacity } from '../capacity/machine-capacity.ts';
import { type ClusterSecrets, generationOf, type MediaNodeConfig } from '../config/index.ts';
import type { Drain } from '../drain/drain.ts';
import { DrainSocket } from '../drain/drain-socket.ts';
import type { MachineFacts } from '../machine/machine-facts.ts';
import { type Clock, systemClock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import type { Leaving, Running } from '../process/run-process.ts';
import { urlHost } from '../process/url-host.ts';
import type { HeldMeeting, NodeVerdict } from '../protocol/index.ts';
import { RegistryLink } from '../registration/registry-link.ts';
import { relaysNothing } from '../registration/relays-nothing.ts';
import { Evacuation } from './evacuation.ts';
import { Handover, type HandoverContext } from './handover.ts';
import { LoadMeter } from './load.ts';
import { mediaAddresses } from './media-addresses.ts';
import { MeetingStore } from './meeting-store.ts';
import { NodeMetrics } from './metrics.ts';
import { NodeServer } from './node-server.ts';
import { ProducerPolice } from './producer-police.ts';
import { WorkerPool } from './worker-pool.ts';

export interface MediaNodeOptions {
  readonly config: MediaNodeConfig;
  readonly machine: MachineFacts;
  readonly secrets: ClusterSecrets;
  readonly version: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** How many rejections nobody has handled until now. */
  readonly rejections?: () => number;
}

/** A media node: carries meetings, tells the control plane about them, and moves them away when it must go. */
export class MediaNode implements Running {
  readonly #pool: WorkerPool;
  readonly #meetings: MeetingStore;
  readonly #evacuation: Evacuation;
  readonly #load: LoadMeter;
  readonly #police: ProducerPolice;
  readonly #server: NodeServer;
  readonly #socket: DrainSocket;
  readonly #options: MediaNodeOptions;
  readonly #capacity: MachineCapacity;
  #registry: RegistryLink | undefined;

  private constructor(options: MediaNodeOptions, pool: WorkerPool) {
    const { config, secrets, log } = options;
    const { nodeId } = options.machine;
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#capacity = capacityOf(options.machine.machineType, pool.size, config.carries);
    this.#pool = pool;
    this.#meetings = new MeetingStore(pool, log, clock);
    const handover: HandoverContext = {
      nodeId,
      secrets,
      timing: config.handover,
      ask: (method, params) => this.#registryLink().ask(method, params),
      log,
      clock,
    };
    this.#evacuation = new Evacuation({
      meetings: this.#meetings,
      move: (meeting) => new Handover(meeting, handover),
      timing: config.handover,
      clock,
      log,
    });
    this.#load = new LoadMeter(pool, this.#meetings, this.#capacity, clock);
    this.#police = new ProducerPolice(this.#meetings, clock, log);
    const metrics = new NodeMetrics(nodeId, {
      pool,
      meetings: this.#meetings,
      evacuation: this.#evacuation,
      load: this.#load,
      police: this.#police,
      rejections: options.rejections ?? (() => 0),
    });
    this.#server = new NodeServer({
      nodeId,
      rpc: config.rpc,
      secrets,
      meetings: this.#meetings,
      drain: this.#drain,
      evacuation: this.#evacuation,
      readiness: () =>
        this.#registry?.registered === true
          ? { ready: true, drain: this.#drain.state }
          : { ready: false, drain: this.#drain.state, why: 'not registered yet' },
      metrics: () => metrics.render(),
      log,
    });
    this.#socket = new DrainSocket({
      path: config.drainSocket,
      nodeId,
      role: 'media',
      drain: this.#drain,
      clock,
      log,
    });
  }

  get #drain(): Drain {
    return this.#evacuation.drain;
  }

  static async start(options: MediaNodeOptions): Promise<MediaNode> {
    const { config, machine, log } = options;
    const { media } = config;
    const listen = { addresses: mediaAddresses(media, machine), port: media.port };
    const node = new MediaNode(
      options,
      await WorkerPool.start(listen, media.workers ?? machine.workers, log, options.clock ?? systemClock),
    );
    try {
      await node.#start();
      return node;
    } catch (error) {
      await node.close('start failed');
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { config, machine, secrets, version, log } = this.#options;
    const { nodeId, machineType, zone, market } = machine;
    const clock = this.#options.clock ?? systemClock;
    await this.#load.measure();
    const port = await this.#server.listen();
    await this.#socket.listen();
    const registry = new RegistryLink({
      identity: {
        nodeId,
        rpcUrl: `ws://${urlHost(machine.privateAddress)}:${port}/rpc`,
        generation: machine.generation ?? generationOf(config),
        version,
        startedAtMs: clock.now(),
        role: 'media',
        machineType,
        zone,
        market,
        workers: this.#pool.size,
        capacity: this.#capacity,
      },
      urls: config.controlPlane.urls,
      secrets,
      facts: () => ({ drain: this.#drain.report(), load: this.#load.current(), meetings: this.#held() }),
      measure: () => this.#load.measure(),
      handlers: {
        'node.drain': (order) => this.#drain.order(order),
        'node.cancelDrain': ({ by }) => this.#drain.cancel(by),
        'relay.end': relaysNothing,
      },
      agreed: ({ resumeMs }) => {
        this.#meetings.resumeMs = resumeMs;
      },
      obey: (verdict) => this.#obey(verdict),
      clock,
      log,
    });
    this.#registry = registry;
    this.#meetings.on('changed', () => registry.changed());
    this.#drain.on('changed', () => registry.changed());
    this.#meetings.on('ended', ({ id: meetingId, epoch }) => {
      registry.ask('meeting.ended', { meetingId, epoch, nodeId }).catch((error: unknown) => {
        // The next heartbeat says the same by not naming the meeting.
        log.debug({ err: error, meetingId }, 'meeting.end_not_told');
      });
    });
    registry.start();
  }

  #registryLink(): RegistryLink {
    if (!this.#registry) throw new Error('the node has not started yet');
    return this.#registry;
  }

  /** What the directory says of meetings here is the truth: this node may have been away while it was decided. */
  #obey({ superseded, adopt }: NodeVerdict): void {
    for (const { meetingId, epoch } of adopt) {
      const meeting = this.#meetings.get(meetingId);
      if (meeting?.epoch === epoch) meeting.adopt();
    }
    for (const { meetingId, epoch } of superseded) {
      this.#meetings.drop(meetingId, epoch).catch((error: unknown) => {
        this.#options.log.error({ err: error, meetingId, epoch }, 'meeting.drop_failed');
      });
    }
  }

  #held(): HeldMeeting[] {
    return this.#meetings.all.map((meeting) => ({
      meetingId: meeting.id,
      epoch: meeting.epoch,
      role: meeting.role,
      participants: meeting.participants.length,
      shares: [...meeting.shares],
      workers: [meeting.worker.index],
    }));
  }

  /** Moves the meetings away before the process ends. With no time for that everybody is recovered elsewhere, which is quicker. */
  get leaving(): Leaving {
    const { graceMs } = this.#options.config.stop;
    return { graceMs, run: (signal) => this.#drain.leave(graceMs, signal) };
  }

  async close(reason: string): Promise<void> {
    this.#evacuation.close();
    await this.#registry?.close();
    await this.#socket.close();
    await this.#server.close();
    this.#police.close();
    this.#meetings.closeAll(reason);
    this.#pool.close();
  }
}
