/** What a machine carries before it counts as full. */
export interface MachineCapacity {
  /** mediasoup workers; each is one thread, and a meeting's share lives on one of them. */
  readonly workers: number;
  /** Streams that one worker forwards. */
  readonly workerStreams: number;
  /** Streams that Node's own thread serves (signalling, statistics), over all workers. */
  readonly nodeStreams: number;
  /** What the machine may send, bits per second. */
  readonly networkBps: number;
}

/** How much of a thread or of the network is used before queues begin to grow. */
export const fullAt = {
  /** Cores of one worker's thread. */
  workerCpu: 0.7,
  /** Cores of the Node process. */
  processCpu: 0.7,
  /** Of the machine's network. */
  network: 0.8,
} as const;

/** Of a machine whatever its number of workers; what is absent is the measured default's. */
export type Carries = { readonly [Measure in keyof Omit<MachineCapacity, 'workers'>]?: number | undefined };

/**
 * Measured: one worker forwards 400 streams on a core of 2024 before its thread is at 0.7. The bound of Node's own thread
 * is a guess on the safe side, which the measured CPU of the process corrects. 1 Gbit/s is what every cloud gives.
 */
export const measuredDefault: Omit<MachineCapacity, 'workers'> = {
  workerStreams: 400,
  nodeStreams: 10_000,
  networkBps: 1e9,
};

/** What a machine may send for long (burst left out), and workers that differ from the measured one. */
const table: Readonly<Record<string, Partial<MachineCapacity>>> = {
  // Processes of one computer: nothing leaves it.
  local: { networkBps: 10e9 },
  'c6a.xlarge': { networkBps: 1.5e9 },
  'c7i.xlarge': { networkBps: 1.5e9 },
  'c7g.xlarge': { networkBps: 1.8e9 },
  'm7i.xlarge': { networkBps: 1.5e9 },
  Standard_D4as_v5: { networkBps: 12.5e9 },
  Standard_D4s_v5: { networkBps: 12.5e9 },
  Standard_F4s_v2: { networkBps: 10e9 },
  'n2-standard-4': { networkBps: 10e9 },
  'c3-standard-4': { networkBps: 23e9 },
  's-4vcpu-8gb': { networkBps: 2e9 },
  'c-4': { networkBps: 2e9 },
  'g-4vcpu-16gb': { networkBps: 2e9 },
};

/**
 * What a machine of this type with so many workers carries. A type that is not in the table carries the measured default.
 *
 * @param better what an operator has measured for this type of their own, or better than the table
 */
export function capacityOf(machineType: string, workers: number, better: Carries = {}): MachineCapacity {
  const known = { ...table[machineType], ...defined(better) };
  return { ...measuredDefault, ...known, workers };
}

function defined({ workerStreams, nodeStreams, networkBps }: Carries): Partial<MachineCapacity> {
  return {
    ...(workerStreams === undefined ? {} : { workerStreams }),
    ...(nodeStreams === undefined ? {} : { nodeStreams }),
    ...(networkBps === undefined ? {} : { networkBps }),
  };
}
