import type { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { factsFromAws } from '@holdfast/media-server/machine/from-aws.ts';
import { type MachineFacts, machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { MachineServices } from '../../boot/machine-services.ts';
import type { Ec2Api } from './ec2-api.ts';
import type { NameApi } from './name-api.ts';
import type { SecretApi } from './secret-api.ts';

export interface AwsMachineOptions {
  readonly metadata: Pick<AwsMetadata, 'get'>;
  readonly ec2: Pick<Ec2Api, 'vcpus' | 'addresses' | 'takeAddress'>;
  readonly names: Pick<NameApi, 'keep'>;
  readonly secrets: Pick<SecretApi, 'value' | 'make'>;
}

/** What a machine asks of AWS when it boots: as itself, by its role. */
export class AwsMachine implements MachineServices {
  readonly #options: AwsMachineOptions;

  constructor(options: AwsMachineOptions) {
    this.#options = options;
  }

  async facts(): Promise<MachineFacts> {
    return machineFacts.parse(await factsFromAws(this.#options.metadata));
  }

  secret(name: string): Promise<string | undefined> {
    return this.#options.secrets.value(name);
  }

  makeSecret(name: string, value: string): Promise<string> {
    return this.#options.secrets.make(name, value);
  }

  workersOf(machineType: string): Promise<number> {
    return this.#options.ec2.vcpus(machineType);
  }

  keepName(zone: string, name: string, address: string): Promise<void> {
    return this.#options.names.keep(zone, name, address);
  }

  /** Only one that nobody has: it is never taken from a machine on which people still are. */
  async takeAddress(ids: readonly string[]): Promise<string> {
    const { ec2, metadata } = this.#options;
    const instanceId = (await metadata.get('instance-id'))?.trim();
    if (!instanceId)
      throw new HoldfastError('CLOUD_UNREACHABLE', 'the metadata of this machine has no instance-id');
    const addresses = await ec2.addresses(ids);
    const own = addresses.find((address) => address.instanceId === instanceId);
    if (own) return own.publicIp;
    const free = addresses.filter((address) => address.instanceId === undefined);
    for (const { allocationId, publicIp } of free) {
      if (await ec2.takeAddress(allocationId, instanceId)) return publicIp;
    }
    throw new HoldfastError('CLOUD_CONFLICT', `none of ${ids.length} fixed addresses is free yet`);
  }
}
