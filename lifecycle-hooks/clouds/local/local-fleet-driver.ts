import type { Fleet, FleetDriver, Growth } from '../types.ts';
import type { LocalCloud } from './local-cloud.ts';

/** The local cloud's group, as the autoscaler drives it. What it describes is never stale, so nothing is overlaid. */
export class LocalFleetDriver implements FleetDriver {
  readonly #cloud: LocalCloud;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  async describe(): Promise<Fleet> {
    return this.#cloud.describe();
  }

  async grow(growth: Growth): Promise<void> {
    this.#cloud.grow(growth);
  }

  async giveUp(memberId: string): Promise<void> {
    this.#cloud.giveUp(memberId);
  }

  async release(memberId: string): Promise<void> {
    this.#cloud.release(memberId);
  }
}
