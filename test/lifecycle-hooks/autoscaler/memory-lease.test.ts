import { MemoryLease } from '@holdfast/lifecycle-hooks/autoscaler/memory-lease.ts';
import { leaseContract } from './lease-contract.ts';

leaseContract('memory', () => {
  let nowMs = 1_000_000;
  return {
    lease: new MemoryLease({ now: () => nowMs, after: () => () => {} }),
    pass: (ms) => {
      nowMs += ms;
    },
  };
});
