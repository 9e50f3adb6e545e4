import { toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { Market } from '../types.ts';
import type { Ec2Api, MachineRecord } from './ec2-api.ts';

/**
 * What EC2 says of machines and their types. It does not change, so each thing is asked once. A fleet can do without: what
 * EC2 does not tell, or must not, is taken from the configuration.
 */
export class MachineCatalogue {
  readonly #ec2: Pick<Ec2Api, 'machines' | 'vcpus'>;
  readonly #log: Logger;
  readonly #machines = new Map<string, MachineRecord>();
  readonly #vcpus = new Map<string, number>();
  readonly #denied = new Set<'machines' | 'vcpus'>();

  constructor(ec2: Pick<Ec2Api, 'machines' | 'vcpus'>, log: Logger) {
    this.#ec2 = ec2;
    this.#log = log;
  }

  /** One of each id: until EC2 knows it, it is of this market and was launched when it was first seen. */
  async machines(
    firstSeenMs: ReadonlyMap<string, number>,
    market: Market,
  ): Promise<ReadonlyMap<string, MachineRecord>> {
    const unknown = [...firstSeenMs.keys()].filter((id) => !this.#machines.has(id));
    const found =
      unknown.length > 0 ? await this.#ask('machines', () => this.#ec2.machines(unknown)) : undefined;
    for (const [id, record] of found ?? []) this.#machines.set(id, record);
    for (const id of this.#machines.keys()) if (!firstSeenMs.has(id)) this.#machines.delete(id);
    return new Map(
      [...firstSeenMs].map(([id, launchedAtMs]) => [id, this.#machines.get(id) ?? { market, launchedAtMs }]),
    );
  }

  /** mediasoup workers of a type: a media node runs one a core unless it is told otherwise. Undefined: not known. */
  async workers(machineType: string): Promise<number | undefined> {
    const known = this.#vcpus.get(machineType);
    if (known !== undefined) return known;
    const count = await this.#ask('vcpus', () => this.#ec2.vcpus(machineType));
    if (count !== undefined) this.#vcpus.set(machineType, count);
    return count;
  }

  async #ask<T>(what: 'machines' | 'vcpus', call: () => Promise<T>): Promise<T | undefined> {
    if (this.#denied.has(what)) return undefined;
    try {
      return await call();
    } catch (thrown) {
      const { code, message } = toHoldfastError(thrown);
      // What is not allowed will not be a second later; what failed may.
      if (code === 'CLOUD_DENIED') this.#denied.add(what);
      this.#log.warn({ code, message }, 'aws.machines_not_described');
      return undefined;
    }
  }
}
