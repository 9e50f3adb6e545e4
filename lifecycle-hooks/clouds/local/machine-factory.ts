import type { Market } from '../types.ts';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ProcessHandle {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** SIGKILL ends everything that the process has started too. Nothing happens when it has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** What the cloud has made, as a machine's metadata would say it. */
export interface MachineSpec {
  readonly nodeId: string;
  readonly generation: string;
  readonly zone: string;
  readonly machineType: string;
  readonly market: Market;
  /** mediasoup workers it has cores for. */
  readonly workers: number;
  /** Unix socket of its metadata service. */
  readonly metadataSocket: string;
}

/**
 * Starts the two processes of a machine. Each function resolves when the process is ready, and rejects when it ended
 * before that, took too long or the signal aborted; then nothing of it is left.
 */
export interface MachineFactory {
  startServer(spec: MachineSpec, signal: AbortSignal): Promise<ProcessHandle>;
  startAgent(spec: MachineSpec, signal: AbortSignal): Promise<ProcessHandle>;
}
