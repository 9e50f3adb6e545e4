import { join } from 'node:path';
import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import type { MachineFactory, MachineSpec, ProcessEnd, ProcessHandle } from './machine-factory.ts';
import { MetadataService } from './metadata-service.ts';
import type { NoticeBoard } from './notice-board.ts';

export interface LocalMachineOptions extends Omit<MachineSpec, 'metadataSocket'> {
  /** Where its metadata socket is made. */
  readonly directory: string;
  readonly board: NoticeBoard;
  readonly factory: MachineFactory;
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopGraceMs: number;
  /** The server has ended although nobody stopped the machine. `killed`: `kill` ended it. */
  readonly onCrash: (end: ProcessEnd, killed: boolean) => void;
  readonly onAgentEnd: (end: ProcessEnd) => void;
}

const AGENT_RESTART_MS = { first: 250, most: 10_000 };

/** One machine: the process of its role, a media node's or a TURN server's, and its drain agent, which is started again whenever it ends. */
export class LocalMachine {
  readonly #options: LocalMachineOptions;
  readonly #spec: MachineSpec;
  readonly #service: MetadataService;
  readonly #stopping = new AbortController();
  #server: ProcessHandle | undefined;
  #agent: ProcessHandle | undefined;
  #agentFailures = 0;
  #killed = false;
  #agentKept: Promise<void> = Promise.resolve();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: LocalMachineOptions) {
    const { nodeId, generation, zone, machineType, market, workers, directory, board, clock } = options;
    this.#options = options;
    const metadataSocket = join(directory, `${nodeId}.cloud`);
    this.#spec = { nodeId, generation, zone, machineType, market, workers, metadataSocket };
    this.#service = new MetadataService(board, clock);
  }

  get pids(): { readonly server: number | undefined; readonly agent: number | undefined } {
    return { server: this.#server?.pid, agent: this.#agent?.pid };
  }

  /** Resolves when both processes are ready. When it rejects, stop the machine. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    await this.#service.listen(this.#spec.metadataSocket);
    // Both are waited for, also when one fails: nothing may be starting up still when the machine counts as failed.
    const outcomes = await Promise.allSettled([this.#startServer(), this.#startAgent()]);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  }

  async #startServer(): Promise<void> {
    const { factory, onCrash } = this.#options;
    const { signal } = this.#stopping;
    const server = await factory.startServer(this.#spec, signal);
    this.#server = server;
    void server.ended.then((end) => {
      this.#server = undefined;
      if (!signal.aborted) onCrash(end, this.#killed);
    });
  }

  async #startAgent(): Promise<void> {
    const agent = await this.#options.factory.startAgent(this.#spec, this.#stopping.signal);
    this.#agent = agent;
    this.#agentKept = this.#keepAgent(agent);
  }

  /** An agent that ends is started again, as a machine's service manager would. */
  async #keepAgent(first: ProcessHandle): Promise<void> {
    const { clock, onAgentEnd } = this.#options;
    const { signal } = this.#stopping;
    let agent: ProcessHandle | undefined = first;
    while (true) {
      const end = await agent?.ended;
      this.#agent = undefined;
      if (signal.aborted) return;
      if (end) onAgentEnd(end);
      await pause(
        clock,
        Math.min(AGENT_RESTART_MS.most, AGENT_RESTART_MS.first * 2 ** this.#agentFailures),
        signal,
      );
      if (signal.aborted) return;
      this.#agentFailures += 1;
      agent = await this.#restartAgent();
      this.#agent = agent;
    }
  }

  async #restartAgent(): Promise<ProcessHandle | undefined> {
    try {
      return await this.#options.factory.startAgent(this.#spec, this.#stopping.signal);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#options.onAgentEnd({ code: null, signal: String(error) });
      return undefined;
    }
  }

  /** SIGKILL to the server; the agent stays. Resolves when the process has ended. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#killed = true;
    server?.signal('SIGKILL');
    await server?.ended;
  }

  /** Stops the server, then the agent. `hard`: the machine's power is cut. */
  stop({ hard }: { hard: boolean }): Promise<void> {
    this.#stopped ??= this.#stop(hard);
    return this.#stopped;
  }

  async #stop(hard: boolean): Promise<void> {
    this.#stopping.abort();
    // What is still being started sees the abort and leaves nothing, or is there to be ended like the rest.
    await this.#started?.catch(() => {});
    await this.#end(this.#server, hard);
    await this.#end(this.#agent, hard);
    await this.#agentKept;
    await this.#service.close();
  }

  async #end(handle: ProcessHandle | undefined, hard: boolean): Promise<void> {
    if (!handle) return;
    handle.signal(hard ? 'SIGKILL' : 'SIGTERM');
    const cancel = this.#options.clock.after(this.#options.stopGraceMs, () => handle.signal('SIGKILL'));
    await handle.ended;
    cancel();
  }
}
