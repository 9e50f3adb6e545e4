import { OverlaidFleetDriver } from '@holdfast/lifecycle-hooks/clouds/overlaid-fleet-driver.ts';
import { fleetDriverContract } from '../fleet-driver-contract.ts';
import { onABadDay, seeded } from '../seeded-faults.ts';
import { localFleet } from './local-fleet.ts';

fleetDriverContract('the local cloud', localFleet);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  fleetDriverContract(`the local cloud on a bad day (seed ${seed})`, (size) =>
    localFleet(size, (driver, { clock }) => {
      const bad = onABadDay(driver, seeded(seed), () => clock.now());
      return new OverlaidFleetDriver(bad, clock);
    }),
  );
}
