import { EventEmitter } from 'eventemitter3';
import { type Clock, pause } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError } from '../protocol/index.ts';
import type { MediaAddress } from './media-addresses.ts';
import { closeWorker, killWorker, type MediaWorker, startMediaWorker } from './media-worker.ts';

/** The longest a killed process is waited for, ms. */
const EXIT_LIMIT_MS = 1000;

interface WorkerPoolEvents {
  /** A worker process died, or was ended because it was broken; its routers and transports cannot be asked any more. */
  workerDied: (index: number) => void;
}

export interface MediaListen {
  readonly addresses: readonly MediaAddress[];
  /** Of the first worker; the others take the next ones. 0: any free ones. */
  readonly port: number;
}

/** The node's mediasoup workers. One that dies is replaced on the same port; the others go on undisturbed. */
export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #listen: MediaListen;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #workers: (MediaWorker | undefined)[] = [];
  readonly #ended = new AbortController();
  #closed = false;

  private constructor(listen: MediaListen, log: Logger, clock: Clock) {
    super();
    this.#listen = listen;
    this.#log = log;
    this.#clock = clock;
  }

  static async start(listen: MediaListen, count: number, log: Logger, clock: Clock): Promise<WorkerPool> {
    const pool = new WorkerPool(listen, log, clock);
    try {
      for (let index = 0; index < count; index += 1) {
        await pool.#start(index, listen.port === 0 ? 0 : listen.port + index);
      }
    } catch (error) {
      pool.close();
      throw error;
    }
    return pool;
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Those that run; one that has just died is missing until its successor stands. */
  get running(): readonly MediaWorker[] {
    return this.#workers.filter((worker) => worker !== undefined);
  }

  /** The worker for a new meeting: the one `weigh` finds lightest. */
  pick(weigh: (worker: MediaWorker) => number): MediaWorker {
    let best: MediaWorker | undefined;
    for (const worker of this.running) if (!best || weigh(worker) < weigh(best)) best = worker;
    if (!best)
      throw new HoldfastError('NO_CAPACITY', 'no media worker is running on this node', {
        retryAfterMs: 500,
      });
    return best;
  }

  async #start(index: number, port: number): Promise<void> {
    const exited = Promise.withResolvers<void>();
    const started = await startMediaWorker({
      index,
      addresses: this.#listen.addresses,
      port,
      clock: this.#clock,
      log: this.#log.child({ worker: index }),
      onBroken: (reason) => this.#lost(index, new Error(reason), exited.promise),
    });
    if (this.#closed) {
      started.channel.close();
      closeWorker(started.worker);
      return;
    }
    this.#workers[index] = started;
    started.worker.on('subprocessclose', exited.resolve);
    started.worker.on('died', (error) => {
      if (this.#workers[index] === started) this.#lost(index, error, exited.promise);
    });
    this.#log.info({ worker: index, workerPid: started.worker.pid, port: started.port }, 'worker.started');
  }

  /** It has died, or nothing can be had of it any more, which is the same for its meetings. */
  #lost(index: number, error: Error, exited: Promise<void>): void {
    const lost = this.#workers[index];
    if (!lost) return;
    this.#workers[index] = undefined;
    lost.channel.close();
    killWorker(lost.worker);
    // What mediasoup has of it is closed with it, without asking it.
    closeWorker(lost.worker);
    if (this.#closed) return;
    this.#log.error({ err: error, worker: index, workerPid: lost.worker.pid }, 'worker.died');
    this.emit('workerDied', index);
    void this.#replace(index, lost.port, exited);
  }

  async #replace(index: number, port: number, exited: Promise<void>): Promise<void> {
    // Its port is free only when the process is gone.
    await Promise.race([exited, pause(this.#clock, EXIT_LIMIT_MS, this.#ended.signal)]);
    for (let attempt = 1; !this.#closed; attempt += 1) {
      try {
        await this.#start(index, port);
        return;
      } catch (error) {
        this.#log.error({ err: error, worker: index, attempt }, 'worker.restart_failed');
        await pause(this.#clock, Math.min(5000, 200 * 2 ** attempt), this.#ended.signal);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#ended.abort();
    for (const { channel, worker } of this.running) {
      channel.close();
      closeWorker(worker);
    }
    this.#workers.length = 0;
    this.removeAllListeners();
  }
}
