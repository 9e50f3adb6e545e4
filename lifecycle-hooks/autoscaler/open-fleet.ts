import type { AutoscalerConfig } from '@holdfast/media-server/config/index.ts';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import type { Logger } from 'pino';
import { openAwsFleet } from '../clouds/aws/open-aws-fleet.ts';
import { SocketFleetDriver } from '../clouds/local/socket-fleet-driver.ts';
import type { FleetDriver } from '../clouds/types.ts';

export interface OpenFleet {
  readonly driver: FleetDriver;
  close(): void;
}

/** The group of the configuration, with its own connections to the cloud: one case for each cloud. */
export function openFleet({ fleet, policy }: AutoscalerConfig, clock: Clock, log: Logger): OpenFleet {
  switch (fleet.kind) {
    case 'local':
      return { driver: new SocketFleetDriver(fleet.socket), close: () => {} };
    case 'aws': {
      const { region, group, machine, endpoint } = fleet;
      return openAwsFleet({ group, min: policy.minNodes, machine, access: { region, endpoint }, clock, log });
    }
  }
}
