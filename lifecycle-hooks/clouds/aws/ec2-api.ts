import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';
import type { Market } from '../types.ts';
import { type AwsAccess, type Ec2Sdk, openEc2 } from './aws-sdk.ts';
import { cloudError } from './cloud-error.ts';

type Client = Awaited<ReturnType<typeof openEc2>>['client'];

const described = z.object({
  Reservations: z
    .array(
      z.object({
        Instances: z
          .array(
            z.object({
              InstanceId: z.string(),
              LaunchTime: z.date(),
              InstanceLifecycle: z.string().optional(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

const types = z.object({
  InstanceTypes: z.array(z.object({ VCpuInfo: z.object({ DefaultVCpus: z.number() }) })).default([]),
});

const addresses = z.object({
  Addresses: z
    .array(
      z.object({
        AllocationId: z.string(),
        PublicIp: z.string(),
        // Empty where nobody has it.
        InstanceId: z
          .string()
          .optional()
          .transform((id) => id || undefined),
      }),
    )
    .default([]),
});

export interface FixedAddress {
  readonly allocationId: string;
  readonly publicIp: string;
  readonly instanceId: string | undefined;
}

/** What the group does not say of a machine and never changes. */
export interface MachineRecord {
  readonly market: Market;
  readonly launchedAtMs: number;
}

/** A filter takes so many values. */
const FILTER_VALUES = 200;

/** The calls of EC2 that are used here. Each fails with an error of the table; none is repeated by itself. */
export class Ec2Api {
  readonly #access: AwsAccess;
  #opened: ReturnType<typeof openEc2> | undefined;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  /** By a filter: one id that is too new to be known would make a call by ids fail for all. */
  async machines(ids: readonly string[]): Promise<ReadonlyMap<string, MachineRecord>> {
    const found = new Map<string, MachineRecord>();
    for (let from = 0; from < ids.length; from += FILTER_VALUES) {
      const values = ids.slice(from, from + FILTER_VALUES);
      const answer = described.parse(
        await this.#do('DescribeInstances', (client, sdk) =>
          client.send(
            new sdk.DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: values }] }),
          ),
        ),
      );
      for (const { InstanceId, LaunchTime, InstanceLifecycle } of answer.Reservations.flatMap(
        ({ Instances }) => Instances,
      ))
        found.set(InstanceId, {
          market: InstanceLifecycle === 'spot' ? 'spot' : 'on-demand',
          launchedAtMs: LaunchTime.getTime(),
        });
    }
    return found;
  }

  async vcpus(machineType: string): Promise<number> {
    const answer = types.parse(
      await this.#do('DescribeInstanceTypes', (client, sdk) =>
        client.send(
          new sdk.DescribeInstanceTypesCommand({
            Filters: [{ Name: 'instance-type', Values: [machineType] }],
          }),
        ),
      ),
    );
    const count = answer.InstanceTypes[0]?.VCpuInfo.DefaultVCpus;
    if (count === undefined) throw new HoldfastError('NOT_FOUND', `AWS knows no machine type ${machineType}`);
    return count;
  }

  /** Fixed addresses by allocation id, and who has them. */
  async addresses(allocationIds: readonly string[]): Promise<readonly FixedAddress[]> {
    const answer = addresses.parse(
      await this.#do('DescribeAddresses', (client, sdk) =>
        client.send(
          new sdk.DescribeAddressesCommand({
            Filters: [{ Name: 'allocation-id', Values: [...allocationIds] }],
          }),
        ),
      ),
    );
    return answer.Addresses.map(({ AllocationId, PublicIp, InstanceId }) => ({
      allocationId: AllocationId,
      publicIp: PublicIp,
      instanceId: InstanceId,
    }));
  }

  /** @returns false when another machine was quicker */
  async takeAddress(allocationId: string, instanceId: string): Promise<boolean> {
    try {
      await this.#do('AssociateAddress', (client, sdk) =>
        client.send(
          new sdk.AssociateAddressCommand({
            AllocationId: allocationId,
            InstanceId: instanceId,
            AllowReassociation: false,
          }),
        ),
      );
      return true;
    } catch (error) {
      if (error instanceof HoldfastError && /Resource\.AlreadyAssociated/.test(error.message)) return false;
      throw error;
    }
  }

  async #do<T>(name: string, send: (client: Client, sdk: Ec2Sdk) => Promise<T>): Promise<T> {
    try {
      this.#opened ??= openEc2(this.#access);
      const { client, sdk } = await this.#opened;
      return await send(client, sdk);
    } catch (thrown) {
      throw cloudError(name, thrown);
    }
  }

  close(): void {
    void this.#opened?.then(({ client }) => client.destroy());
  }
}
