import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetService } from '@holdfast/lifecycle-hooks/clouds/local/fleet-service.ts';
import { LocalFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/local-fleet-driver.ts';
import { SocketFleetDriver } from '@holdfast/lifecycle-hooks/clouds/local/socket-fleet-driver.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetDriverContract } from '../fleet-driver-contract.ts';
import { LocalCloudFixture } from './local-cloud-fixture.ts';
import { localFleet } from './local-fleet.ts';

let directory: string;
const services: FleetService[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fleet-'));
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
  await rm(directory, { recursive: true });
});

async function served(driver: ConstructorParameters<typeof FleetService>[0]): Promise<string> {
  const service = new FleetService(driver);
  services.push(service);
  const socketPath = join(directory, `fleet-${services.length}`);
  await service.listen(socketPath);
  return socketPath;
}

fleetDriverContract('the local cloud over its socket', async (size) => {
  const fleet = await localFleet(size);
  return { ...fleet, driver: new SocketFleetDriver(await served(fleet.driver)) };
});

describe("the local cloud's socket", () => {
  it('is this user’s alone, and nobody behind it is CLOUD_UNREACHABLE', async () => {
    const fixture = await new LocalCloudFixture({}).running(1);
    const socketPath = await served(new LocalFleetDriver(fixture.cloud));
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    const driver = new SocketFleetDriver(socketPath);
    expect((await driver.describe()).members).toHaveLength(1);
    await Promise.all(services.splice(0).map((service) => service.close()));
    await expect(driver.describe()).rejects.toHaveProperty('code', 'CLOUD_UNREACHABLE');
    await fixture.close();
  });
});
