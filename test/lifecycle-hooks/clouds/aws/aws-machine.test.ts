import { AwsMachine } from '@holdfast/lifecycle-hooks/clouds/aws/aws-machine.ts';
import type { FixedAddress } from '@holdfast/lifecycle-hooks/clouds/aws/ec2-api.ts';
import { describe, expect, it } from 'vitest';

const nobody = () => Promise.reject(new Error('not asked'));

/** @param lost addresses that somebody else takes in the moment in which they are taken */
function machine(addresses: FixedAddress[], lost: readonly string[] = []) {
  const taken: string[] = [];
  const aws = new AwsMachine({
    metadata: { get: async (path) => (path === 'instance-id' ? 'i-own' : undefined) },
    ec2: {
      vcpus: nobody,
      addresses: async () => addresses,
      takeAddress: async (id) => {
        taken.push(id);
        return !lost.includes(id);
      },
    },
    names: { keep: nobody },
    secrets: { value: nobody, make: nobody },
  });
  return { take: () => aws.takeAddress(addresses.map(({ allocationId }) => allocationId)), taken };
}
const address = (n: number, instanceId?: string): FixedAddress => ({
  allocationId: `eipalloc-${n}`,
  publicIp: `198.51.100.${n}`,
  instanceId,
});

describe('a machine with a fixed address', () => {
  it('takes one that is free, and keeps the one it has', async () => {
    const first = machine([address(1, 'i-other'), address(2), address(3)]);
    expect(await first.take()).toBe('198.51.100.2');
    const again = machine([address(1, 'i-other'), address(2), address(3, 'i-own')]);
    expect(await again.take()).toBe('198.51.100.3');
    expect(again.taken).toEqual([]);
  });

  it('tries the next one when somebody was quicker', async () => {
    const { take, taken } = machine([address(1), address(2)], ['eipalloc-1']);
    expect(await take()).toBe('198.51.100.2');
    expect(taken).toEqual(['eipalloc-1', 'eipalloc-2']);
  });

  it('never takes one from a machine on which people may still be', async () => {
    const { take, taken } = machine([address(1, 'i-other')]);
    await expect(take()).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
    expect(taken).toEqual([]);
  });
});
