import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { render } from '../../coturn-config-lite/index.ts';
import { capacityOf, type MachineCapacity } from '../capacity/machine-capacity.ts';
import { generationOf, type TurnServerConfig, type TurnServerSecrets } from '../config/index.ts';
import { Drain } from '../drain/drain.ts';
import { DrainSocket } from '../drain/drain-socket.ts';
import type { MachineFacts } from '../machine/machine-facts.ts';
import { type Clock, systemClock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { ProbeServer } from '../process/probe-server.ts';
import type { Leaving, Running } from '../process/run-process.ts';
import { urlHost } from '../process/url-host.ts';
import {
  HoldfastError,
  type ParamsOf,
  type RelayFacts,
  type registryClientContract,
} from '../protocol/index.ts';
import { RegistryLink } from '../registration/registry-link.ts';
import { probeAllocation } from './allocation-probe.ts';
import { cancelSessions } from './coturn-cli.ts';
import { coturnConfigOf, type TurnAddress, turnAddressOf, turnUrlsOf } from './coturn-file.ts';
import { allocationEventOf } from './coturn-log.ts';
import { CoturnProcess } from './coturn-process.ts';
import { freePort } from './free-port.ts';
import { HealthWatch } from './health-watch.ts';
import { TurnMetrics } from './metrics.ts';
import { RelayBans } from './relay-bans.ts';
import { RelayDrain } from './relay-drain.ts';
import { RelayLoad } from './relay-load.ts';
import { RelayTally } from './relay-tally.ts';

export interface TurnServerOptions {
  readonly config: TurnServerConfig;
  readonly machine: MachineFacts;
  readonly secrets: TurnServerSecrets;
  readonly version: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

interface Ports {
  readonly plain: number;
  readonly tls: number;
  readonly cli: number;
}

const PROBE_USER = 'holdfast-probe';
/** Over loopback an allocation takes a few milliseconds. */
const PROBE_LIMIT_MS = 750;

/** A TURN server: coturn, kept running, counted, tried, and told to the control plane like every machine. */
export class TurnServer implements Running {
  readonly #options: TurnServerOptions;
  readonly #clock: Clock;
  readonly #address: TurnAddress;
  readonly #ports: Ports;
  readonly #cliPassword = randomBytes(24).toString('hex');
  readonly #tally = new RelayTally(PROBE_USER);
  readonly #bans = new RelayBans();
  readonly #capacity: MachineCapacity;
  readonly #load: RelayLoad;
  readonly #drain: Drain;
  readonly #emptying: RelayDrain;
  readonly #coturn: CoturnProcess;
  readonly #health: HealthWatch;
  readonly #probes: ProbeServer;
  readonly #socket: DrainSocket;
  #registry: RegistryLink | undefined;

  private constructor(options: TurnServerOptions, ports: Ports) {
    const { config, machine, log } = options;
    const { turn } = config;
    const { nodeId } = machine;
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#clock = clock;
    this.#address = turnAddressOf(turn, machine);
    this.#ports = ports;
    this.#capacity = capacityOf(machine.machineType, 0, { networkBps: turn.networkBps });
    const tally = this.#tally;
    this.#load = new RelayLoad({
      tally,
      machine: this.#capacity,
      maxAllocations: turn.maxAllocations,
      clock,
    });
    this.#drain = new Drain({
      load: { holds: () => tally.allocations, people: () => tally.users, waits: () => [] },
      clock,
      log,
    });
    this.#emptying = new RelayDrain(this.#drain, tally, clock);
    this.#coturn = new CoturnProcess({
      program: turn.program,
      file: this.#file('turnserver.conf'),
      clock,
      log,
    });
    this.#health = new HealthWatch({ probe: () => this.#probe(), clock, log });
    const metrics = new TurnMetrics(nodeId, {
      tally,
      drain: this.#drain,
      health: this.#health,
      coturn: this.#coturn,
    });
    this.#probes = new ProbeServer({
      nodeId,
      role: 'turn',
      readiness: () => this.#readiness(),
      metrics: () => metrics.render(),
      log,
    });
    this.#socket = new DrainSocket({
      path: config.drainSocket,
      nodeId,
      role: 'turn',
      drain: this.#drain,
      clock,
      log,
    });
    this.#connect();
  }

  /** Rejects when coturn is not there, or an address is taken. */
  static async start(options: TurnServerOptions): Promise<TurnServer> {
    const { turn } = options.config;
    const { listenIp } = turnAddressOf(turn, options.machine);
    const server = new TurnServer(options, {
      plain: turn.port || (await freePort(listenIp)),
      tls: turn.tls ? turn.tls.port || (await freePort(listenIp)) : 0,
      cli: await freePort('127.0.0.1'),
    });
    try {
      await server.#start();
      return server;
    } catch (error) {
      await server.close('start failed');
      throw error;
    }
  }

  get coturnPid(): number | undefined {
    return this.#coturn.pid;
  }

  /** What browsers are told. */
  get turnUrls(): string[] {
    return turnUrlsOf(this.#options.config.turn, this.#address, this.#ports);
  }

  get facts(): RelayFacts {
    const { turn } = this.#options.config;
    const { why } = this.#health.health;
    const { allocations, users, toClientsBytes, fromClientsBytes } = this.#tally;
    return {
      healthy: this.#health.healthy,
      ...(why === undefined ? {} : { why }),
      allocations,
      users,
      maxAllocations: turn.maxAllocations,
      toClientsBytes,
      fromClientsBytes,
    };
  }

  /** Sends everybody elsewhere before the process ends. */
  get leaving(): Leaving {
    const { graceMs } = this.#options.config.stop;
    return { graceMs, run: (signal) => this.#drain.leave(graceMs, signal) };
  }

  async close(_reason: string): Promise<void> {
    this.#emptying.close();
    await this.#registry?.close();
    await this.#socket.close();
    await this.#probes.close();
    await this.#health.close();
    await this.#coturn.close();
  }

  /** What each part hears from the others. */
  #connect(): void {
    const tally = this.#tally;
    this.#coturn.on('line', (text) => {
      const event = allocationEventOf(text);
      if (!event) return;
      if (tally.take(event)) this.#emptying.look();
      if (event.type === 'begun' && this.#bans.bans(event)) {
        this.#cancel([event.session]).catch((error: unknown) => {
          this.#options.log.error({ err: error }, 'turn.ban_failed');
        });
      }
    });
    this.#coturn.on('started', () => this.#health.take({ type: 'server-started' }));
    this.#coturn.on('ended', (why) => {
      tally.serverEnded();
      this.#emptying.look();
      this.#health.take({ type: 'server-ended', why });
    });
    this.#drain.on('changed', () => this.#registry?.changed());
    this.#health.on('changed', () => {
      this.#registry?.changed();
      if (this.#health.health.state === 'well' && tally.probes === 0) {
        this.#options.log.error('coturn.log_not_understood');
      }
    });
  }

  async #start(): Promise<void> {
    const { config, secrets } = this.#options;
    await this.#writeFile();
    await this.#coturn.start();
    const port = await this.#probes.listen(config.http);
    await this.#socket.listen();
    this.#load.measure();
    this.#health.start();
    this.#registry = this.#registryLink(port, secrets);
    this.#registry.start();
  }

  #registryLink(port: number, secrets: TurnServerSecrets): RegistryLink {
    const { config, machine, version, log } = this.#options;
    const { nodeId, machineType, zone, market, privateAddress } = machine;
    const clock = this.#clock;
    return new RegistryLink({
      identity: {
        nodeId,
        // Where it is probed: nobody asks it anything there.
        rpcUrl: `ws://${urlHost(privateAddress)}:${port}/`,
        generation: machine.generation ?? generationOf(config),
        version,
        startedAtMs: clock.now(),
        role: 'turn',
        machineType,
        zone,
        market,
        workers: 0,
        turnUrls: this.turnUrls,
        capacity: this.#capacity,
      },
      urls: config.controlPlane.urls,
      secrets,
      facts: () => ({
        drain: this.#drain.report(),
        load: this.#load.current(),
        meetings: [],
        relay: this.facts,
      }),
      measure: async () => {
        this.#load.measure();
        this.#bans.forget(clock.now());
      },
      handlers: {
        'node.drain': (order) => this.#drain.order(order),
        'node.cancelDrain': ({ by }) => this.#drain.cancel(by),
        'relay.end': (whose) => this.#endRelays(whose),
      },
      agreed: () => {},
      obey: () => {},
      clock,
      log,
    });
  }

  async #writeFile(): Promise<void> {
    const { config, secrets } = this.#options;
    const { HOLDFAST_TURN_SECRET: present, HOLDFAST_TURN_SECRET_OTHER: other } = secrets;
    const text = render(
      coturnConfigOf({
        turn: config.turn,
        address: this.#address,
        secrets: other === undefined ? [present] : [present, other],
        ports: this.#ports,
        cli: { port: this.#ports.cli, password: this.#cliPassword },
        pidFile: this.#file('turnserver.pid'),
        userDb: this.#file('turndb'),
      }),
    );
    await mkdir(config.workDirectory, { recursive: true, mode: 0o700 });
    const path = this.#file('turnserver.conf');
    await writeFile(path, text, { mode: 0o600 });
    // One that was there before keeps its mode.
    await chmod(path, 0o600);
  }

  #file(name: string): string {
    return join(this.#options.config.workDirectory, name);
  }

  #probe(): Promise<void> {
    return probeAllocation({
      host: this.#address.listenIp,
      port: this.#ports.plain,
      secret: this.#options.secrets.HOLDFAST_TURN_SECRET,
      user: PROBE_USER,
      timeoutMs: PROBE_LIMIT_MS,
      nowMs: this.#clock.now(),
    });
  }

  #readiness() {
    const { state, why } = this.#health.health;
    const registered = this.#registry?.registered === true;
    return {
      ready: registered && this.#health.healthy,
      drain: this.#drain.state,
      health: state,
      why: registered ? why : 'not registered yet',
    };
  }

  async #endRelays({ user, untilMs }: ParamsOf<typeof registryClientContract, 'relay.end'>) {
    this.#bans.add(user, untilMs);
    const banned = this.#tally.of(user).filter((allocation) => this.#bans.bans(allocation));
    try {
      await this.#cancel(banned.map(({ session }) => session));
    } catch (error) {
      throw new HoldfastError('INTERNAL', 'coturn did not end the allocations', { cause: error });
    }
    return { ended: banned.length };
  }

  async #cancel(sessions: readonly string[]): Promise<void> {
    if (sessions.length === 0) return;
    await cancelSessions({ port: this.#ports.cli, password: this.#cliPassword }, sessions);
    this.#options.log.info({ sessions: sessions.length }, 'turn.allocations_ended');
  }
}
