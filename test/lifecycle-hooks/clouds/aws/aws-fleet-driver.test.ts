import { OverlaidFleetDriver } from '@holdfast/lifecycle-hooks/clouds/overlaid-fleet-driver.ts';
import { fleetDriverContract } from '../fleet-driver-contract.ts';
import { onABadDay, seeded } from '../seeded-faults.ts';
import { awsFleet } from './aws-fleet.ts';
import { seededFaults } from './fake-aws-api.ts';

/** A little less than what the driver reckons with. */
const STALE_MS = 9000;

fleetDriverContract('AWS', awsFleet);

fleetDriverContract('AWS in one zone, where it names what it launches', (size) =>
  awsFleet(size, { zones: ['us-east-1a'] }),
);

fleetDriverContract('AWS, launches that are not even listed', (size) =>
  awsFleet(size, { stall: 'unlisted' }),
);

/** What a second termination does is not written down; the worst of it is tried most. */
const secondTerminations = [
  ['fails', 2],
  ['does nothing', 1],
  ['lowers the wish again', 1],
  ['lowers the wish again', 2],
  ['lowers the wish again', 3],
] as const;
for (const [secondTermination, seed] of secondTerminations) {
  fleetDriverContract(
    `AWS where a second termination ${secondTermination}, answers get lost and members are old (seed ${seed})`,
    (size) =>
      awsFleet(size, {
        secondTermination,
        staleMs: STALE_MS,
        seed,
        zones: seed === 3 ? ['us-east-1a'] : ['us-east-1a', 'us-east-1b'],
        stall: seed === 2 ? 'unlisted' : 'pending',
        faults: ({ api }) => {
          api.fault = seededFaults(seeded(seed));
        },
      }),
  );
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  fleetDriverContract(`AWS on a bad day (seed ${seed})`, (size) =>
    awsFleet(size, {
      seed,
      staleMs: STALE_MS,
      dress: (driver, clock) =>
        new OverlaidFleetDriver(
          onABadDay(driver, seeded(seed), () => clock.now()),
          clock,
        ),
    }),
  );
}
