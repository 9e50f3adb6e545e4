import { AutoScalingApi } from './auto-scaling-api.ts';
import { AwsFleetDriver, type AwsFleetDriverOptions } from './aws-fleet-driver.ts';
import type { AwsAccess } from './aws-sdk.ts';
import { Ec2Api } from './ec2-api.ts';
import { MachineCatalogue } from './machine-catalogue.ts';

export interface AwsFleetOptions extends Omit<AwsFleetDriverOptions, 'api' | 'catalogue'> {
  readonly access: AwsAccess;
}

/**
 * The driver of an Auto Scaling group, with its own connections to AWS.
 *
 * @example
 * const fleet = openAwsFleet({
 *   group: 'media', min: 1, machine: { type: 'c7i.xlarge', market: 'on-demand' },
 *   access: { region: 'eu-central-1' }, clock: systemClock, log,
 * });
 */
export function openAwsFleet({ access, ...options }: AwsFleetOptions): {
  readonly driver: AwsFleetDriver;
  close(): void;
} {
  const api = new AutoScalingApi(access);
  const ec2 = new Ec2Api(access);
  return {
    driver: new AwsFleetDriver({ ...options, api, catalogue: new MachineCatalogue(ec2, options.log) }),
    close() {
      api.close();
      ec2.close();
    },
  };
}
