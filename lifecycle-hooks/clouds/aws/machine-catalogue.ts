import { type HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { Market } from '../types.ts';
import type { Ec2Api, MachineRecord } from './ec2-api.ts';

/** What EC2 says of machines and their types. It does not change, so each thing is asked once. */
export class MachineCatalogue {
  readonly #ec2: Pick<Ec2Api, 'machines' | 'vcpus'>;
  readonly #log: Logger;
  readonly #machines = new Map<string, MachineRecord>();
  readonly #vcpus = new Map<string, number>();

  constructor(ec2: Pick<Ec2Api, 'machines' | 'vcpus'>, log: Logger) {
    this.#ec2 = ec2;
    this.#log = log;
  }

  /**
   * One of each id. A machine that EC2 does not know yet, or cannot be asked about, is taken to be of this market and
   * launched when it was first seen; it is asked about again.
   */
  async machines(
    firstSeenMs: ReadonlyMap<string, number>,
    market: Market,
  ): Promise<ReadonlyMap<string, MachineRecord>> {
    const unknown = [...firstSeenMs.keys()].filter((id) => !this.#machines.has(id));
    if (unknown.length > 0) {
      try {
        for (const [id, record] of await this.#ec2.machines(unknown)) this.#machines.set(id, record);
      } catch (thrown) {
        const error: HoldfastError = toHoldfastError(thrown);
        if (error.code === 'CLOUD_DENIED') throw error;
        this.#log.warn({ code: error.code, message: error.message }, 'aws.machines_not_described');
      }
    }
    for (const id of this.#machines.keys()) if (!firstSeenMs.has(id)) this.#machines.delete(id);
    return new Map(
      [...firstSeenMs].map(([id, launchedAtMs]) => [id, this.#machines.get(id) ?? { market, launchedAtMs }]),
    );
  }

  /** mediasoup workers of each type: a media node runs one a core unless it is told otherwise. */
  async workers(machineTypes: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
    for (const type of machineTypes)
      if (!this.#vcpus.has(type)) this.#vcpus.set(type, await this.#ec2.vcpus(type));
    return this.#vcpus;
  }
}
