import type { Fleet, FleetCapabilities, FleetDriver } from '../types.ts';
import type { LocalCloud } from './local-cloud.ts';

/** The local cloud's group, as the autoscaler drives it. */
export class LocalFleetDriver implements FleetDriver {
  readonly capabilities: FleetCapabilities = {
    chooseVictim: true,
    terminationNotice: true,
    extendNotice: true,
  };
  readonly #cloud: LocalCloud;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  async describe(): Promise<Fleet> {
    return this.#cloud.describe();
  }

  async grow(to: number, operationId: string): Promise<void> {
    this.#cloud.grow(to, operationId);
  }

  async release(memberId: string): Promise<void> {
    this.#cloud.release(memberId);
  }
}
