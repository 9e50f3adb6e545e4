import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { market, nodeId } from '../protocol/values.ts';

const address = z.union([z.ipv4(), z.ipv6()]);

/** What is true of one machine and of no other. */
export const machineFacts = z.strictObject({
  /** On a cloud, the instance's id. */
  nodeId,
  /** Where other machines of ours reach it. */
  privateAddress: address,
  /** Where browsers reach it, one for each family; none: where it listens is where it is reached. */
  publicAddresses: z.array(address).max(4).default([]),
  zone: z.string().min(1).nullable().default(null),
  machineType: z.string().min(1).default('local'),
  market: market.default('on-demand'),
  /** Media workers that it has cores for. */
  workers: z.int().min(1).max(256).default(availableParallelism),
  /** What the fleet launched it from, as the fleet names it. Absent: the hash of what it is told says the same. */
  generation: z.string().min(1).optional(),
});
export type MachineFacts = z.output<typeof machineFacts>;
/** What a way of finding them may leave out has a default. */
export type FoundFacts = z.input<typeof machineFacts>;
