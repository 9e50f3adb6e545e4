import { noticeSourceContract } from '../notice-source-contract.ts';
import { seeded, unreliable } from '../seeded-faults.ts';
import { awsNotices } from './aws-machine.ts';
import { seededFaults } from './fake-aws-api.ts';

noticeSourceContract('AWS', awsNotices);

noticeSourceContract('AWS, where a load balancer comes before the hook', () =>
  awsNotices({ deregistrationMs: 30_000 }),
);

for (const seed of [1, 2, 3, 4]) {
  noticeSourceContract(
    `AWS on a bad day: answers get lost, states are old, tokens end early (seed ${seed})`,
    () => {
      const random = seeded(seed);
      const disturbed = unreliable(random);
      return awsNotices({
        staleMs: 9000,
        seed,
        dress: (source) => ({
          watch: (signal) => source.watch(signal),
          extend: (notice) => disturbed(() => source.extend(notice)),
          complete: (notice) => disturbed(() => source.complete(notice)),
        }),
        faults: ({ fleet, imds }) => {
          const faults = seededFaults(random);
          fleet.api.fault = () => {
            imds.forgetTokens();
            return faults();
          };
        },
      });
    },
  );
}
