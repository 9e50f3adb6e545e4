import { LocalFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/local-fleet-driver.ts';
import { fleetDriverContract } from '../fleet-driver-contract.ts';
import { LocalCloudFixture } from './local-cloud-fixture.ts';

fleetDriverContract('the local cloud', async ({ min, max, wanted }) => {
  const fixture = await new LocalCloudFixture({ min, max }).running(wanted);
  return {
    driver: new LocalFleetDriver(fixture.cloud),
    until: (what, condition) => fixture.until(what, () => condition(fixture.cloud.describe())),
    async letGo(memberId) {
      const { notice } = fixture.cloud.terminate(memberId);
      await fixture.noticeSource(memberId).complete(notice);
    },
    close: () => fixture.close(),
  };
});
