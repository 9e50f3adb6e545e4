import { setTimeout as delay } from 'node:timers/promises';
import { EventEmitter } from 'eventemitter3';
import type { MediaNodeConfig } from '../config/index.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError } from '../protocol/index.ts';
import { type MediaWorker, startMediaWorker } from './media-worker.ts';

interface WorkerPoolEvents {
  /** A worker process died; its routers and transports are closed already and cannot be asked any more. */
  workerDied: (index: number) => void;
}

/** The node's mediasoup workers. One that dies is replaced on the same port; the others go on undisturbed. */
export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #media: MediaNodeConfig['media'];
  readonly #log: Logger;
  readonly #workers: (MediaWorker | undefined)[] = [];
  #closed = false;

  private constructor(media: MediaNodeConfig['media'], log: Logger) {
    super();
    this.#media = media;
    this.#log = log;
  }

  static async start(media: MediaNodeConfig['media'], count: number, log: Logger): Promise<WorkerPool> {
    const pool = new WorkerPool(media, log);
    try {
      for (let index = 0; index < count; index += 1) {
        await pool.#start(index, media.port === 0 ? 0 : media.port + index);
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
    const started = await startMediaWorker(index, this.#media, port);
    if (this.#closed) {
      started.worker.close();
      return;
    }
    this.#workers[index] = started;
    started.worker.on('died', (error) => {
      this.#workers[index] = undefined;
      if (this.#closed) return;
      this.#log.error({ err: error, worker: index, workerPid: started.worker.pid }, 'worker.died');
      this.emit('workerDied', index);
      void this.#replace(index, started.port);
    });
    this.#log.info({ worker: index, workerPid: started.worker.pid, port: started.port }, 'worker.started');
  }

  async #replace(index: number, port: number): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt += 1) {
      try {
        await this.#start(index, port);
        return;
      } catch (error) {
        this.#log.error({ err: error, worker: index, attempt }, 'worker.restart_failed');
        await delay(Math.min(5000, 200 * 2 ** attempt));
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const worker of this.running) worker.worker.close();
    this.#workers.length = 0;
    this.removeAllListeners();
  }
}
