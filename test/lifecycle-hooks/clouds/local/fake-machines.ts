import type {
  MachineFactory,
  MachineSpec,
  ProcessEnd,
  ProcessHandle,
} from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';

/** A process that ends when it is told to, or when a test says so. */
export class FakeProcess implements ProcessHandle {
  static #pids = 0;
  readonly pid = ++FakeProcess.#pids;
  readonly ended: Promise<ProcessEnd>;
  readonly signals: string[] = [];
  /** Ends at SIGTERM. */
  obeys = true;
  readonly #end: (end: ProcessEnd) => void;
  #over = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  get running(): boolean {
    return !this.#over;
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#over) return;
    this.signals.push(name);
    if (name === 'SIGKILL') this.end({ code: null, signal: name });
    else if (this.obeys) this.end({ code: 0, signal: null });
  }

  end(end: ProcessEnd): void {
    this.#over = true;
    this.#end(end);
  }
}

/** Machines without processes. A test may hold launches back, or let them fail. */
export class FakeMachines implements MachineFactory {
  readonly mediaNodes = new Map<string, FakeProcess>();
  readonly agents = new Map<string, FakeProcess>();
  readonly specs = new Map<string, MachineSpec>();
  failures = 0;
  /** Launches wait for this. */
  gate: Promise<void> = Promise.resolve();

  async startServer(spec: MachineSpec, signal: AbortSignal): Promise<ProcessHandle> {
    this.specs.set(spec.nodeId, spec);
    signal.throwIfAborted();
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([this.gate, aborted]);
    signal.throwIfAborted();
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no capacity');
    }
    return put(this.mediaNodes, spec.nodeId);
  }

  async startAgent(spec: MachineSpec): Promise<ProcessHandle> {
    return put(this.agents, spec.nodeId);
  }

  mediaNode(nodeId: string): FakeProcess {
    return get(this.mediaNodes, nodeId);
  }

  agent(nodeId: string): FakeProcess {
    return get(this.agents, nodeId);
  }
}

function put(processes: Map<string, FakeProcess>, nodeId: string): FakeProcess {
  const started = new FakeProcess();
  processes.set(nodeId, started);
  return started;
}

function get(processes: Map<string, FakeProcess>, nodeId: string): FakeProcess {
  const found = processes.get(nodeId);
  if (!found) throw new Error(`${nodeId} was never started`);
  return found;
}
