import { writeFileSync } from 'node:fs';
import type { MachineFactory, MachineSpec } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import {
  generationOf,
  type MachineSource,
  type NodeConfigInput,
} from '@holdfast/media-server/config/index.ts';
import type { FoundFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { LOOPBACK } from './addresses.ts';
import type { ManagedProcess } from './managed-process.ts';
import { freePort } from './ports.ts';
import { untilReady } from './probe.ts';

type ServerProgram = 'media-node' | 'turn-server';

/** What a machine is told, whatever its role, that is its own: machines of one computer share its ports and its files. */
export interface OwnConfig {
  readonly machine: MachineSource;
  readonly port: number;
  readonly drainSocket: string;
  /** A path in the run directory that begins with the machine's name. */
  readonly file: (suffix: string) => string;
}

/** What the machines of a fleet do. */
export interface MachineRoleConfig {
  readonly program: ServerProgram;
  /** What all of them are told: their generation. */
  readonly fleet: Partial<NodeConfigInput>;
  readonly configOf: (own: OwnConfig) => NodeConfigInput;
}

export interface ProcessMachineFactoryOptions {
  readonly role: MachineRoleConfig;
  /** Starts one process of ours with this configuration. */
  readonly launch: (
    name: string,
    program: ServerProgram | 'drain-agent',
    config: NodeConfigInput,
  ) => Promise<ManagedProcess>;
  /** A path in the run directory. */
  readonly file: (name: string) => string;
  readonly publicAddresses: readonly string[];
}

/** Makes a machine's two processes real ones. They speak to each other and to the control plane over loopback. */
export class ProcessMachineFactory implements MachineFactory {
  readonly #options: ProcessMachineFactoryOptions;
  /** Each server's port, known to its agent too. */
  readonly #ports = new Map<string, Promise<number>>();

  constructor(options: ProcessMachineFactoryOptions) {
    this.#options = options;
  }

  /** Of all machines that it makes: they are told the same. */
  get generation(): string {
    return generationOf(this.#options.role.fleet);
  }

  async startServer(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const { role, file } = this.#options;
    const port = await this.#port(spec);
    const config = role.configOf({
      machine: this.#machine(spec),
      port,
      drainSocket: this.#drainSocket(spec),
      file: (suffix) => file(`${spec.nodeId}.${suffix}`),
    });
    return this.#start(spec, role.program, port, signal, config);
  }

  async startAgent(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const port = await freePort(LOOPBACK);
    return this.#start(spec, 'drain-agent', port, signal, {
      role: 'drain-agent',
      machine: this.#machine(spec),
      drainSocket: this.#drainSocket(spec),
      nodeHealthUrl: `http://${LOOPBACK}:${await this.#port(spec)}/healthz`,
      http: { host: LOOPBACK, port },
      cloud: { kind: 'local', metadataSocket: spec.metadataSocket },
    });
  }

  /** Where its processes find what machine they are on: it is written down here, as a cloud's metadata says it. */
  #machine({ metadataSocket: _, ...facts }: MachineSpec): MachineSource {
    const path = this.#options.file(`${facts.nodeId}.machine.json`);
    const { publicAddresses } = this.#options;
    const found: FoundFacts = { ...facts, privateAddress: LOOPBACK, publicAddresses: [...publicAddresses] };
    writeFileSync(path, JSON.stringify(found, undefined, 2), { mode: 0o600 });
    return { from: 'file', path };
  }

  #port({ nodeId }: MachineSpec): Promise<number> {
    const known = this.#ports.get(nodeId) ?? freePort(LOOPBACK);
    this.#ports.set(nodeId, known);
    return known;
  }

  #drainSocket(spec: MachineSpec): string {
    return this.#options.file(`${spec.nodeId}.drain`);
  }

  async #start(
    spec: MachineSpec,
    program: ServerProgram | 'drain-agent',
    port: number,
    signal: AbortSignal,
    config: NodeConfigInput,
  ): Promise<ManagedProcess> {
    signal.throwIfAborted();
    const started = await this.#options.launch(`${spec.nodeId}.${program}`, program, config);
    try {
      await untilReady(started, { url: `http://${LOOPBACK}:${port}/readyz`, signal });
      return started;
    } catch (error) {
      started.signal('SIGKILL');
      await started.ended;
      throw error;
    }
  }
}
