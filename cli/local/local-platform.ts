import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FleetService } from '@holdfast/lifecycle-hooks/clouds/local/fleet-service.ts';
import {
  type CloudEvent,
  LocalCloud,
  type LocalCloudOptions,
} from '@holdfast/lifecycle-hooks/clouds/local/local-cloud.ts';
import { LocalFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/local-fleet-driver.ts';
import type { ProcessEnd } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import type { FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import type { Carries } from '@holdfast/media-server/capacity/machine-capacity.ts';
import type { ControlPlaneSecrets, NodeConfigInput } from '@holdfast/media-server/config/index.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import {
  decisionList,
  type KeptDecision,
  type NodeView,
  nodeList,
} from '@holdfast/media-server/protocol/index.ts';
import type { z } from 'zod';
import { connectHost, isLoopback, LOOPBACK, mediaAddress, urlHost } from './addresses.ts';
import { KeptProcess } from './kept-process.ts';
import type { LocalAutoscaler } from './local-autoscaler.ts';
import { environmentFor, type LocalSecrets, localSecrets } from './local-secrets.ts';
import { coturnInstalled, type MediaAddress, mediaRole, turnRole } from './machine-roles.ts';
import { ManagedProcess } from './managed-process.ts';
import { assertPortFree, freePort } from './ports.ts';
import { type ProbeOptions, probe, untilReady } from './probe.ts';
import { type MachineRoleConfig, ProcessMachineFactory } from './process-machine-factory.ts';
import { RunDirectory } from './run-directory.ts';
import { Watchdog } from './watchdog.ts';

type Program = 'control-plane' | 'media-node' | 'turn-server' | 'drain-agent' | 'autoscaler';

export interface LocalPlatformOptions {
  /** Media nodes at the start. Default 2. */
  readonly nodes?: number;
  /** TURN machines at the start, where coturn is installed. Default 0. */
  readonly turnServers?: number;
  /** Where browsers reach it. Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one, the default. */
  readonly port?: number;
  /** PEM files. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Where media goes, when that is not where the pages are. */
  readonly media?: MediaAddress;
  /** Addresses of TURN servers that share `HOLDFAST_TURN_SECRET` of the environment. */
  readonly turnUrls?: readonly string[];
  /** A link with `?join=1` enters without the lobby. Default: on loopback only. */
  readonly autoJoin?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Aborts the start. A started platform is ended by `close`. */
  readonly signal?: AbortSignal;
  readonly cloud?: Pick<LocalCloudOptions, 'min' | 'max' | 'hook' | 'replaceFailedAfterMs' | 'stopGraceMs'>;
  /** What every machine is: its mediasoup workers (default: one for each core of this computer), and what it carries. */
  readonly machine?: { readonly workers?: number; readonly carries?: Carries };
  /** Absent: as many machines run as were started, until somebody says otherwise. */
  readonly autoscaler?: LocalAutoscaler;
  /** Other programs than ours, for tests. */
  readonly programs?: Readonly<Partial<Record<Program, string>>>;
}

interface PlatformEvents {
  /** A process ended that nobody had stopped; `logFile` says what it wrote. */
  crash: [{ readonly name: string; readonly end: ProcessEnd; readonly logFile: string }];
  /** A control plane or an autoscaler that had died runs again. */
  restarted: [{ readonly name: string }];
}

interface Ports {
  readonly http: number;
  readonly internal: number;
}

const STOP_GRACE_MS = 5000;
const REGISTERED_LIMIT_MS = 30_000;

const ours = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const ourPrograms: Readonly<Record<Program, string>> = {
  'control-plane': ours('media-server/control-plane/main.ts'),
  'media-node': ours('media-server/media-node/main.ts'),
  'turn-server': ours('media-server/turn-server/main.ts'),
  'drain-agent': ours('lifecycle-hooks/agent/main.ts'),
  autoscaler: ours('lifecycle-hooks/autoscaler/main.ts'),
};
/**
 * These processes make little garbage, and there are many of them: a small young generation saves 15 MB in each. What outlives it
 * is collected after the heap has grown by a third: left to itself, one flood of messages leaves a process 150 MB larger for good,
 * because freed pages of the heap are seldom given back.
 */
const nodeFlags = ['--max-semi-space-size=2', '--heap-growing-percent=30'];
const webRoot = ours('media-server/web/dist');

/**
 * The whole platform on this machine: one control plane, and a local cloud with a group of media nodes and a group of TURN
 * servers, each machine with its drain agent. Everything it starts and writes is gone when it is closed, or when this process dies.
 *
 * @example
 * const platform = await LocalPlatform.start({ nodes: 2 });
 * const { gone } = platform.cloud.terminate('node-1');
 * await gone;
 * await platform.close();
 */
export class LocalPlatform extends EventEmitter<PlatformEvents> {
  readonly baseUrl: string;
  readonly operatorUrl: string;
  readonly operatorToken: string;
  readonly apiKey: string;
  /** Secrets that were made for this run because the environment had none. */
  readonly madeSecrets: LocalSecrets['made'];
  readonly cloud: LocalCloud;
  /** The group of TURN machines. */
  readonly turnCloud: LocalCloud;
  readonly driver: FleetDriver;
  readonly #options: LocalPlatformOptions;
  readonly #directory: RunDirectory;
  readonly #watchdog: Watchdog;
  readonly #secrets: ControlPlaneSecrets;
  readonly #ports: Ports;
  readonly #closing = new AbortController();
  readonly #controlPlane: KeptProcess;
  readonly #autoscaler: KeptProcess;
  readonly #fleetService: FleetService;
  #autoscalerPort = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: LocalPlatformOptions, ports: Ports, secrets: LocalSecrets) {
    super();
    this.#options = options;
    this.#ports = ports;
    this.#secrets = secrets.values;
    this.madeSecrets = secrets.made;
    this.operatorToken = secrets.values.HOLDFAST_OPERATOR_TOKEN;
    this.apiKey = secrets.values.HOLDFAST_API_KEY;
    this.baseUrl = `${options.tls ? 'https' : 'http'}://${urlHost(this.#host)}:${ports.http}`;
    this.operatorUrl = `${this.baseUrl}/operator`;
    this.#directory = RunDirectory.create();
    this.#watchdog = new Watchdog(this.#directory.path);
    const { workers = availableParallelism(), carries } = options.machine ?? {};
    const fleet = {
      controlPlaneUrl: `ws://${LOOPBACK}:${ports.internal}/internal/nodes`,
      media: options.media ?? mediaAddress(this.#host),
    };
    const media = this.#factory(mediaRole({ ...fleet, ...(carries ? { carries } : {}) }), fleet.media, [
      'HOLDFAST_CLUSTER_TOKEN',
    ]);
    const turn = this.#factory(turnRole(fleet), fleet.media, [
      'HOLDFAST_CLUSTER_TOKEN',
      'HOLDFAST_TURN_SECRET',
    ]);
    const group = { clock: systemClock, directory: this.#directory.path };
    this.cloud = new LocalCloud({
      ...group,
      factory: media,
      generation: media.generation,
      workers,
      ...options.cloud,
    });
    const { min: _, max: __, ...rules } = options.cloud ?? {};
    this.turnCloud = new LocalCloud({
      ...group,
      names: 'turn',
      factory: turn,
      generation: turn.generation,
      ...rules,
    });
    this.driver = new LocalFleetDriver(this.cloud);
    this.#fleetService = new FleetService(this.driver);
    this.#controlPlane = this.#kept(
      () => this.#launchControlPlane(),
      () => this.#publicProbe('/readyz'),
    );
    this.#autoscaler = this.#kept(
      () => this.#launchAutoscaler(),
      () => ({ url: `http://${LOOPBACK}:${this.#autoscalerPort}/readyz` }),
    );
    this.#watchMachines(this.cloud, 'media-node');
    this.#watchMachines(this.turnCloud, 'turn-server');
  }

  /** Resolves when the control plane is ready and every node is registered; rejects when that fails, leaving nothing. */
  static async start(options: LocalPlatformOptions = {}): Promise<LocalPlatform> {
    const { host = LOOPBACK, nodes = 2, turnServers = 0, signal } = options;
    const secrets = localSecrets(options.env ?? process.env);
    if (options.port) await assertPortFree(host, options.port);
    const http = options.port || (await freePort(host));
    const ports = { http, internal: await freePort(LOOPBACK) };
    signal?.throwIfAborted();
    const platform = new LocalPlatform(options, ports, secrets);
    const stop = () => platform.#closing.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await platform.#controlPlane.start();
      await platform.#startMachines([
        { cloud: platform.cloud, count: nodes },
        { cloud: platform.turnCloud, count: platform.lacksCoturn ? 0 : turnServers },
      ]);
      if (options.autoscaler) await platform.#startAutoscaler();
      return platform;
    } catch (error) {
      if (!signal?.aborted) platform.#directory.keep();
      await platform.close();
      throw signal?.aborted ? signal.reason : platform.#withLogs(error);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** TURN machines were asked for, and there is no coturn to run on them. */
  get lacksCoturn(): boolean {
    const { turnServers = 0, env = process.env } = this.#options;
    return turnServers > 0 && !coturnInstalled(env);
  }

  /** Configurations, logs (`NAME.log`) and sockets of this run. */
  get directory(): string {
    return this.#directory.path;
  }

  /** A process of ours crashed: the directory stays when the platform is closed. */
  get logsKept(): boolean {
    return this.#directory.kept;
  }

  get controlPlanePid(): number | undefined {
    return this.#controlPlane.pid;
  }

  get autoscalerPid(): number | undefined {
    return this.#autoscaler.pid;
  }

  /** `GET /v1/nodes`. */
  async nodes(): Promise<NodeView[]> {
    return (await this.#ask('/v1/nodes', nodeList)).nodes;
  }

  /** `GET /v1/decisions`, the newest first. */
  async decisions(): Promise<KeptDecision[]> {
    return (await this.#ask('/v1/decisions', decisionList)).decisions;
  }

  /** SIGKILL to the control plane, which stays down until `restartControlPlane`. */
  killControlPlane(): Promise<void> {
    return this.#controlPlane.kill();
  }

  /** A new control plane on the same ports; one that runs is killed first. Resolves when every node is registered again. */
  async restartControlPlane(): Promise<void> {
    await this.killControlPlane();
    await this.#controlPlane.start();
    await this.#untilRegistered();
  }

  /** Ends this process group too, should this process die: for programs that a command starts beside the platform. */
  watch(groupId: number): void {
    this.#watchdog.add(groupId);
  }

  /** Ends every process and removes the run directory. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error('the platform is closed'));
    // First who would launch machines for those that end.
    await this.#autoscaler.stop(STOP_GRACE_MS);
    await this.#fleetService.close();
    await Promise.all([this.cloud.close(), this.turnCloud.close()]);
    await this.#controlPlane.stop(STOP_GRACE_MS);
    this.#directory.close();
    await this.#watchdog.close();
    this.removeAllListeners();
  }

  get #host(): string {
    return this.#options.host ?? LOOPBACK;
  }

  #kept(launch: () => Promise<ManagedProcess>, probed: () => ProbeOptions): KeptProcess {
    const closing = this.#closing.signal;
    return new KeptProcess({
      launch,
      ready: (started) => untilReady(started, { ...probed(), signal: closing }),
      closing,
      onCrash: ({ name, logFile }, end) => this.#crashed(name, end, logFile),
      onRestarted: ({ name }) => this.emit('restarted', { name }),
    });
  }

  #launchControlPlane(): Promise<ManagedProcess> {
    const { tls, turnUrls, autoJoin = isLoopback(this.#host) } = this.#options;
    const { http, internal } = this.#ports;
    return this.#launch(
      'control-plane',
      'control-plane',
      {
        role: 'control-plane',
        http: { host: this.#host, port: http, ...(tls ? { tls } : {}) },
        internal: { host: LOOPBACK, port: internal },
        // Here the page itself plays the application.
        openJoin: true,
        autoJoin,
        ...(turnUrls ? { turn: { urls: [...turnUrls] } } : {}),
        ...(existsSync(webRoot) ? { webRoot } : {}),
      },
      [
        'HOLDFAST_CLUSTER_TOKEN',
        'HOLDFAST_SIGNING_KEY',
        'HOLDFAST_OPERATOR_TOKEN',
        'HOLDFAST_API_KEY',
        'HOLDFAST_TURN_SECRET',
        'HOLDFAST_SCALING_TOKEN',
      ],
    );
  }

  async #startAutoscaler(): Promise<void> {
    await this.#fleetService.listen(this.#fleetSocket);
    this.#autoscalerPort = await freePort(LOOPBACK);
    await this.#autoscaler.start();
  }

  get #fleetSocket(): string {
    return this.#directory.file('fleet.cloud');
  }

  async #launchAutoscaler(): Promise<ManagedProcess> {
    const { autoscaler } = this.#options;
    if (!autoscaler) throw new Error('this platform has no autoscaler');
    const { internal } = this.#ports;
    return this.#launch(
      'autoscaler',
      'autoscaler',
      {
        role: 'autoscaler',
        ...autoscaler,
        http: { host: LOOPBACK, port: this.#autoscalerPort },
        controlPlane: { urls: [`ws://${LOOPBACK}:${internal}/internal/scaling`] },
        fleet: { kind: 'local', socket: this.#fleetSocket },
      },
      ['HOLDFAST_SCALING_TOKEN'],
    );
  }

  async #startMachines(
    groups: readonly { readonly cloud: LocalCloud; readonly count: number }[],
  ): Promise<void> {
    await Promise.all(groups.map(({ cloud, count }) => this.#grow(cloud, count)));
    await this.#untilRegistered();
  }

  async #grow(cloud: LocalCloud, count: number): Promise<void> {
    if (count === 0) return;
    const failed = Promise.withResolvers<never>();
    const onEvent = (event: CloudEvent) => {
      if (event.type === 'launch-failed') failed.reject(event.error);
    };
    cloud.on('event', onEvent);
    try {
      cloud.grow({ to: count, operationId: 'start' });
      const running = cloud.until(
        ({ members }) => members.filter(({ state }) => state === 'running').length >= count,
        this.#closing.signal,
      );
      running.catch(() => {});
      await Promise.race([running, failed.promise]);
    } finally {
      cloud.off('event', onEvent);
    }
  }

  /** Every running machine is known to the control plane and within its reach. */
  async #untilRegistered(): Promise<void> {
    const deadline = performance.now() + REGISTERED_LIMIT_MS;
    const running = () =>
      [this.cloud, this.turnCloud].flatMap((cloud) =>
        cloud.describe().members.filter(({ state }) => state === 'running'),
      );
    for (;;) {
      const reachable = new Set(
        (await this.nodes()).filter((node) => node.reachable).map(({ nodeId }) => nodeId),
      );
      const missing = running().filter(({ id }) => !reachable.has(id));
      if (missing.length === 0) return;
      if (performance.now() > deadline) {
        const names = missing.map(({ id }) => id).join(', ');
        throw new Error(`the control plane does not know ${names} after ${REGISTERED_LIMIT_MS / 1000} s`);
      }
      await delay(50, undefined, { signal: this.#closing.signal });
    }
  }

  async #launch(
    name: string,
    program: Program,
    config: NodeConfigInput,
    secrets: readonly (keyof ControlPlaneSecrets)[],
  ): Promise<ManagedProcess> {
    const configFile = this.#directory.file(`${name}.json`);
    writeFileSync(configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    return ManagedProcess.start({
      name,
      args: [...nodeFlags, this.#options.programs?.[program] ?? ourPrograms[program], '--config', configFile],
      env: environmentFor(this.#options.env ?? process.env, this.#secrets, secrets),
      logFile: this.#directory.file(`${name}.log`),
      watchdog: this.#watchdog,
    });
  }

  #factory(
    role: MachineRoleConfig,
    { publicAddresses }: MediaAddress,
    secrets: readonly (keyof ControlPlaneSecrets)[],
  ): ProcessMachineFactory {
    return new ProcessMachineFactory({
      role,
      launch: (name, program, config) =>
        this.#launch(name, program, config, program === 'drain-agent' ? ['HOLDFAST_CLUSTER_TOKEN'] : secrets),
      file: (name) => this.#directory.file(name),
      publicAddresses,
    });
  }

  #watchMachines(cloud: LocalCloud, program: Program): void {
    cloud.on('event', (event) => {
      const log = (name: string) => this.#directory.file(`${event.memberId}.${name}.log`);
      if (event.type === 'crashed' && !event.killed)
        this.#crashed(`${event.memberId}.${program}`, event.end, log(program));
      if (event.type === 'agent-ended')
        this.#crashed(`${event.memberId}.drain-agent`, event.end, log('drain-agent'));
      if (event.type === 'launch-failed') this.#directory.keep();
    });
  }

  #crashed(name: string, end: ProcessEnd, logFile: string): void {
    this.#directory.keep();
    this.emit('crash', { name, end, logFile });
  }

  /** The error of a failed start, and where to read more. */
  #withLogs(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    return new Error(`${message}. Logs: ${this.#directory.path}`, { cause: error });
  }

  async #ask<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>> {
    const { status, text } = await probe({ ...this.#publicProbe(path), bearer: this.operatorToken });
    if (status !== 200) throw new Error(`GET ${path} was answered with ${status}`);
    return answer.parse(JSON.parse(text));
  }

  #publicProbe(path: string): ProbeOptions {
    const { tls } = this.#options;
    return {
      url: `${tls ? 'https' : 'http'}://${urlHost(connectHost(this.#host))}:${this.#ports.http}${path}`,
      ...(tls ? { certificate: readFileSync(tls.certFile, 'utf8') } : {}),
    };
  }
}
