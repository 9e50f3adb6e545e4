import type { MachineFactory, MachineSpec } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import type { NodeConfigInput } from '@holdfast/media-server/config/index.ts';
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
  readonly media: { readonly listenIp: string; readonly announcedAddress?: string };
}

/** Makes a machine's two processes real ones. They speak to each other and to the control plane over loopback. */
export class ProcessMachineFactory implements MachineFactory {
  readonly #options: ProcessMachineFactoryOptions;
  /** Each node's port, known to its agent too. */
  readonly #rpcPorts = new Map<string, Promise<number>>();

  constructor(options: ProcessMachineFactoryOptions) {
    this.#options = options;
  }

  async startMediaNode(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const { controlPlaneUrl, media } = this.#options;
    const port = await this.#rpcPort(spec);
    return this.#start(spec, 'media-node', port, signal, {
      role: 'media-node',
      nodeId: spec.nodeId,
      generation: spec.generation,
      rpc: { host: LOOPBACK, port },
      drainSocket: this.#drainSocket(spec),
      controlPlane: { urls: [controlPlaneUrl] },
      media,
      // A machine that is stopped here was drained before, or everything is being stopped.
      stop: { graceMs: 0 },
    });
  }

  async startAgent(spec: MachineSpec, signal: AbortSignal): Promise<ManagedProcess> {
    const port = await freePort(LOOPBACK);
    return this.#start(spec, 'drain-agent', port, signal, {
      role: 'drain-agent',
      nodeId: spec.nodeId,
      drainSocket: this.#drainSocket(spec),
      nodeHealthUrl: `http://${LOOPBACK}:${await this.#rpcPort(spec)}/healthz`,
      http: { host: LOOPBACK, port },
      cloud: { kind: 'local', metadataSocket: spec.metadataSocket },
    });
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
