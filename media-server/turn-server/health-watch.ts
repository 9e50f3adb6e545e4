import { EventEmitter } from 'eventemitter3';
import { type Clock, pause } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { type Health, type HealthEvent, healthAfter, initialHealth, isHealthy } from './health.ts';

export interface HealthWatchOptions {
  /** Rejects when no allocation can be had. */
  readonly probe: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

const EVERY_MS = 1000;
/** After one that has failed: the next one decides. */
const SOON_MS = 250;

/** Takes an allocation again and again, and says how the server is. */
export class HealthWatch extends EventEmitter<{ changed: () => void }> {
  readonly #options: HealthWatchOptions;
  readonly #abort = new AbortController();
  #health: Health = initialHealth;
  #running: Promise<void> | undefined;

  constructor(options: HealthWatchOptions) {
    super();
    this.#options = options;
  }

  get health(): Health {
    return this.#health;
  }

  get healthy(): boolean {
    return isHealthy(this.#health);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  take(event: HealthEvent): void {
    const before = this.#health;
    this.#health = healthAfter(before, event);
    if (this.#health.state === before.state) return;
    const { state, why, tookMs } = this.#health;
    this.#options.log.info({ from: before.state, to: state, why, tookMs }, 'turn.health');
    this.emit('changed');
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { probe, clock } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const startedAtMs = clock.now();
      try {
        await probe();
        this.take({ type: 'allocated', tookMs: clock.now() - startedAtMs });
      } catch (error) {
        this.take({ type: 'failed', why: error instanceof Error ? error.message : String(error) });
      }
      await pause(clock, this.#health.state === 'well' ? EVERY_MS : SOON_MS, signal);
    }
  }
}
