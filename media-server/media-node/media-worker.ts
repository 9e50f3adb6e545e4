import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createWorker } from 'mediasoup';
import type { WebRtcServer, Worker } from 'mediasoup/types';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError } from '../protocol/index.ts';
import type { MediaAddress } from './media-addresses.ts';
import { WorkerChannel } from './worker-channel.ts';

/** One mediasoup worker (one process, one core) and the WebRtcServer that carries all its transports on one port. */
export interface MediaWorker {
  readonly index: number;
  readonly port: number;
  readonly worker: Worker;
  readonly webRtcServer: WebRtcServer;
  /** Every request to the worker goes through it. */
  readonly channel: WorkerChannel;
}

export interface MediaWorkerOptions {
  readonly index: number;
  /** At least one; all of them at the same port. */
  readonly addresses: readonly MediaAddress[];
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, when nothing more can be had of the worker though its process may live. */
  readonly onBroken: (reason: string) => void;
}

export async function startMediaWorker(options: MediaWorkerOptions): Promise<MediaWorker> {
  const { index, addresses, port, clock, log, onBroken } = options;
  const ips = addresses.map(({ ip }) => ip);
  const chosen = port === 0 ? await findFreePort(ips[0] ?? '127.0.0.1') : port;
  const worker = await withoutSignalListeners(() => createWorker({ logLevel: 'warn' }));
  const channel = new WorkerChannel({ ask: () => worker.getResourceUsage(), onBroken, clock, log });
  try {
    const webRtcServer = await channel.call(() =>
      worker.createWebRtcServer({
        listenInfos: addresses.flatMap((address) => [
          { protocol: 'udp', ...address, port: chosen },
          { protocol: 'tcp', ...address, port: chosen },
        ]),
      }),
    );
    return { index, port: chosen, worker, webRtcServer, channel };
  } catch (error) {
    channel.close();
    killWorker(worker);
    closeWorker(worker);
    throw new HoldfastError(
      'INTERNAL',
      `cannot listen for media on ${ips.join(', ')}, port ${chosen} (UDP and TCP): ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/**
 * mediasoup closes each worker itself when this process is told to end. But then its meetings are yet to be moved, with their
 * media flowing: the node closes its workers when that is done.
 */
function withoutSignalListeners<T>(start: () => T): T {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)));
  const started = start();
  for (const signal of signals) {
    for (const listener of process.listeners(signal))
      if (!before.has(listener)) process.off(signal, listener);
  }
  return started;
}

/** Lets a worker end by itself, so that it says goodbye to its clients. */
export function closeWorker(worker: Worker): void {
  try {
    worker.close();
  } catch {
    // Its channel cannot be written to any more: it cannot be asked.
    killWorker(worker);
  }
}

/** Ends the process of a worker, whatever state it or the channel to it is in. */
export function killWorker(worker: Worker): void {
  if (worker.died || worker.subprocessClosed) return;
  try {
    process.kill(worker.pid, 'SIGKILL');
  } catch {
    // It has ended in this moment.
  }
}

/** A port that is free for both UDP and TCP. */
async function findFreePort(host: string): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer();
    tcp.listen(0, host);
    await once(tcp, 'listening');
    const address = tcp.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, host, () => resolve(true));
    });
    udp.close();
    tcp.close();
    if (free) return port;
  }
  throw new HoldfastError('INTERNAL', `no port is free for both UDP and TCP on ${host}`);
}
