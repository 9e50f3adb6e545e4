import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { Activity } from './auto-scaling-answers.ts';
import type { AutoScalingApi } from './auto-scaling-api.ts';

/** How long an answer is used, ms. */
const REFRESH_ASKED_EVERY_MS = 30_000;
const ACTIVITIES_ASKED_EVERY_MS = 15_000;

interface Answer<T> {
  readonly atMs: number;
  readonly value: T;
}

export interface GroupNewsOptions {
  readonly group: string;
  readonly api: Pick<AutoScalingApi, 'activities' | 'isRefreshing'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a group says of itself besides its members, asked for seldom, since AWS allows few such calls. */
export class GroupNews {
  readonly #options: GroupNewsOptions;
  #refreshing: Answer<boolean> | undefined;
  #activities: Answer<readonly Activity[]> | undefined;

  constructor(options: GroupNewsOptions) {
    this.#options = options;
  }

  /**
   * An instance refresh works on it. Not to know is no reason to know nothing of the fleet: a release beside a refresh ends
   * the machine that it names and no other, and where refreshes are suspended nobody needs the right to ask.
   */
  async isRefreshing(): Promise<boolean> {
    const { api, clock, group, log } = this.#options;
    const atMs = clock.now();
    const known = this.#refreshing;
    if (known && atMs - known.atMs < REFRESH_ASKED_EVERY_MS) return known.value;
    try {
      this.#refreshing = { atMs, value: await api.isRefreshing(group) };
    } catch (thrown) {
      const { code, message } = toHoldfastError(thrown);
      log.warn({ code, message }, 'aws.refreshes_not_described');
      this.#refreshing = { atMs, value: known?.value ?? false };
    }
    return this.#refreshing.value;
  }

  /** The newest first; those that are known. */
  async activities(): Promise<readonly Activity[]> {
    const { api, clock, group, log } = this.#options;
    const atMs = clock.now();
    const known = this.#activities;
    if (known && atMs - known.atMs < ACTIVITIES_ASKED_EVERY_MS) return known.value;
    try {
      this.#activities = { atMs, value: await api.activities(group) };
    } catch (thrown) {
      const { code, message } = toHoldfastError(thrown);
      log.warn({ code, message }, 'aws.activities_not_described');
      this.#activities = { atMs, value: known?.value ?? [] };
    }
    return this.#activities.value;
  }
}
