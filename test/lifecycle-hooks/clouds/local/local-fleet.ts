import { LocalFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/local-fleet-driver.ts';
import type { FleetDriver } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import type { FleetSize, FleetUnderTest } from '../fleet-driver-contract.ts';
import { LocalCloudFixture } from './local-cloud-fixture.ts';

/** A group of the local cloud. `dress`: what is put around its driver. */
export async function localFleet(
  { min, max, wanted }: FleetSize,
  dress: (driver: FleetDriver, fixture: LocalCloudFixture) => FleetDriver = (driver) => driver,
): Promise<FleetUnderTest> {
  const fixture = await new LocalCloudFixture({ min, max }).running(wanted);
  return {
    driver: dress(new LocalFleetDriver(fixture.cloud), fixture),
    now: () => fixture.clock.now(),
    pass: (ms) => fixture.clock.advance(ms),
    until: (what, condition) => fixture.until(what, () => condition(fixture.cloud.describe())),
    async letGo(memberId) {
      const { notice } = fixture.cloud.terminate(memberId);
      await fixture.noticeSource(memberId).complete(notice);
    },
    stall: () => {
      fixture.machines.gate = new Promise(() => {});
    },
    close: () => fixture.close(),
  };
}
