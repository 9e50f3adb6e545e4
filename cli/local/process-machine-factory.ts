import { writeFileSync } from 'node:fs';
import type { MachineFactory, MachineSpec } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import type { Carries } from '@holdfast/media-server/capacity/machine-capacity.ts';
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

export interface ProcessMachineFactoryOptions {
  /** Starts one process of ours with this configuration. */
  readonly launch: (
    name: string,
    program: 'media-node' | 'drain-agent',
    config: NodeConfigInput,
  ) => Promise<ManagedProcess>;
  /** A path in the run directory. */
  readonly file: (name: string) => string;
  readonly controlPlaneUrl: string;
  readonly media: { readonly listenIp: string; readonly publicAddresses: readonly string[] };
  /** What a machine carries, where that is not what was measured. */
  readonly carries?: Carries;
}

/** Makes a machine's two processes real ones. They speak to each other and to the control plane over loopback. */
export class ProcessMachineFactory implements MachineFactory {
  readonly #options: ProcessMachineFactoryOptions;
  /** Each node's port, known to its agent too. */
  readonly #rpcPorts = new Map<string, Promise<number>>();

  constructor(options: ProcessMachineFactoryOptions) {
    this.#options = options;
  }

  /** Of all machines that it makes: they are told the same. */
  get generation(): string {
    return generationOf(this.#fleet);
  }

  get #fleet() {
    const { controlPlaneUrl, media, carries } = this.#options;
    return {
      role: 'media-node',
      controlPlane: { urls: [controlPlaneUrl] },
      media: { listenIp: media.listenIp },
      ...(carries ? { carries } : {}),
      // A machine that is stopped here was drained before, or everything is being stopped.
      stop: { graceMs: 0 },
    } satisfies Partial<NodeConfigInput>;
  }

  async startMediaNode(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const port = await this.#rpcPort(spec);
    return this.#start(spec, 'media-node', port, signal, {
      ...this.#fleet,
      // Machines of one computer share its ports and its files, so here these are each one's own.
      machine: this.#machine(spec),
      rpc: { host: LOOPBACK, port },
      drainSocket: this.#drainSocket(spec),
    });
  }

  async startAgent(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const port = await freePort(LOOPBACK);
    return this.#start(spec, 'drain-agent', port, signal, {
      role: 'drain-agent',
      machine: this.#machine(spec),
      drainSocket: this.#drainSocket(spec),
      nodeHealthUrl: `http://${LOOPBACK}:${await this.#rpcPort(spec)}/healthz`,
      http: { host: LOOPBACK, port },
      cloud: { kind: 'local', metadataSocket: spec.metadataSocket },
    });
  }

  /** Where its processes find what machine they are on: it is written down here, as a cloud's metadata says it. */
  #machine({ metadataSocket: _, ...facts }: MachineSpec): MachineSource {
    const path = this.#options.file(`${facts.nodeId}.machine.json`);
    const { publicAddresses } = this.#options.media;
    const found: FoundFacts = { ...facts, privateAddress: LOOPBACK, publicAddresses: [...publicAddresses] };
    writeFileSync(path, JSON.stringify(found, undefined, 2), { mode: 0o600 });
    return { from: 'file', path };
  }

  #rpcPort({ nodeId }: MachineSpec): Promise<number> {
    const known = this.#rpcPorts.get(nodeId) ?? freePort(LOOPBACK);
    this.#rpcPorts.set(nodeId, known);
    return known;
  }

  #drainSocket(spec: MachineSpec): string {
    return this.#options.file(`${spec.nodeId}.drain`);
  }

  async #start(
    spec: MachineSpec,
    program: 'media-node' | 'drain-agent',
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
