import { ComponentResource, type ComponentResourceOptions, type Output, output } from '@pulumi/pulumi';
import { checkSettings } from '../check-settings.ts';
import type { FleetIdentity, Platform, PlatformSettingsInput } from '../contract.ts';
import { controlPlanePart, type MachineParts, mediaNodePart, turnServerPart } from '../machine-parts.ts';
import { ports } from '../ports.ts';
import { awsTraits } from './aws-traits.ts';
import { ClusterSecrets } from './cluster-secrets.ts';
import { ControlPlane } from './control-plane.ts';
import type { MachineGroupTransform } from './machine-group.ts';
import { MediaFleet, mediaFleetName } from './media-fleet.ts';
import { MediaServerImage, type MediaServerImageArgs } from './media-server-image.ts';
import { physicalName, privateNames } from './naming.ts';
import { Network, type NetworkArgs } from './network.ts';
import { PublicEndpoint, type PublicEndpointArgs } from './public-endpoint.ts';
import { StateStore, type StateStoreArgs } from './state-store.ts';
import { TurnFleet, type TurnFleetArgs } from './turn-fleet.ts';

/** The escape hatch: each part's own. */
export interface PlatformTransform {
  network?: NonNullable<NetworkArgs['transform']>;
  image?: NonNullable<MediaServerImageArgs['transform']>;
  media?: MachineGroupTransform;
  controlPlane?: MachineGroupTransform;
  turn?: NonNullable<TurnFleetArgs['transform']>;
  stateStore?: NonNullable<StateStoreArgs['transform']>;
  entrance?: NonNullable<PublicEndpointArgs['transform']>;
}

/** The settings that every cloud takes, and this cloud's escape hatch. */
export type ConferencingPlatformArgs = PlatformSettingsInput & { transform?: PlatformTransform };

/** With one machine a roll-out needs a second one for as long as meetings move. */
const ROLL_OUT_OF_ONE = 2;

/**
 * The whole platform on AWS. All phases are made of the same parts under the same names, and differ in which machines play
 * which part, so moving up changes machines' templates and adds groups, and deletes and replaces nothing that holds a
 * meeting: the one machine of `single` becomes the old generation of the media fleet, and is drained.
 *
 * Costs a month, without traffic: `single` with a c7i.xlarge $140; `elastic` with two c7i.xlarge, two t3.small and a load
 * balancer $340; traffic to participants $0.09 a GB, which is 0.45 GB for an hour of 1 Mbit/s.
 *
 * ```ts
 * const platform = new ConferencingPlatform('conference', {
 *   phase: 'single',
 *   release: { bundle: 'dist/holdfast-release.tar.gz', sha256: '9f86…', machineImage: 'ami-0123456789abcdef0' },
 *   media: { machineType: 'c7i.xlarge' },
 *   domain: { name: 'meet.example.org', zoneId: 'Z0123456789ABCDEFGHIJ', acmeEmail: 'operations@example.org' },
 *   network: { zones: ['eu-central-1a'] },
 * });
 * export const url = platform.url;
 * ```
 */
export class ConferencingPlatform extends ComponentResource implements Platform {
  readonly url: Output<string>;
  readonly notices: Output<string[]>;
  readonly turnAddresses: Output<string[]>;
  readonly mediaFleet: Output<FleetIdentity>;
  readonly dashboards: Output<Record<string, string>>;
  readonly credentials: Output<string>;

  constructor(name: string, args: ConferencingPlatformArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:ConferencingPlatform', name, {}, options);
    const { transform = {}, ...raw } = args;
    const settings = checkSettings(raw, awsTraits);
    const { phase, release, media, turn, network: wanted, drain, protect, tags } = settings;
    const inside = { parent: this };
    const common = { protect, tags };
    const single = phase === 'single';

    const network = new Network(
      'network',
      { ...common, cidr: wanted.cidr, zones: wanted.zones, transform: transform.network },
      inside,
    );
    const image = new MediaServerImage('image', { ...release, tags, transform: transform.image }, inside);
    const fleetName = mediaFleetName('media');

    const base = {
      stack: physicalName(''),
      home: { privateName: privateNames().controlPlane, internalPort: ports.internal },
    };
    const subnetIds = network.subnetIds;
    const groups = network.securityGroups;
    const patienceSeconds = drain.patienceSeconds;
    const { domain } = settings;
    const secrets = new ClusterSecrets('secrets', common, inside);
    const balancer = single
      ? undefined
      : new PublicEndpoint(
          'entrance',
          {
            ...common,
            domain,
            entrance: { kind: 'balancer', vpcId: network.vpcId, subnetIds, securityGroupId: groups.entrance },
            transform: transform.entrance,
          },
          inside,
        );
    const store =
      phase === 'ha'
        ? new StateStore(
            'store',
            {
              tags,
              vpcId: network.vpcId,
              subnetIds,
              clientSecurityGroupId: groups['control-plane'],
              machineType: given(settings.stateStore.machineType),
              transform: transform.stateStore,
            },
            inside,
          )
        : undefined;
    const control = (zone: string) =>
      output({ names: secrets.names, storeUrl: store?.url }).apply(({ names, storeUrl }) =>
        controlPlanePart(settings, { secrets: names, zone, mediaGroup: fleetName, storeUrl }),
      );
    const controlPlane = new ControlPlane(
      'control-plane',
      {
        ...common,
        vpcId: network.vpcId,
        secrets,
        fleets: [fleetName],
        machines: balancer && {
          image,
          parts: (zone) => control(zone).apply((part) => ({ ...base, controlPlane: part })),
          machineType: given(settings.controlPlane.machineType),
          diskGb: settings.controlPlane.diskGb,
          replicas: settings.controlPlane.replicas,
          targetGroupArns: balancer.targetGroupArns,
          subnetIds,
          securityGroupIds: [groups['control-plane']],
          rights: store ? [store.connect] : [],
          needs: [...network.routes, ...(store ? [store] : [])],
        },
        transform: transform.controlPlane,
      },
      inside,
    );
    const turnFleet = new TurnFleet(
      'turn',
      {
        ...common,
        servers: turn.servers,
        secrets,
        machines: single
          ? undefined
          : {
              image,
              parts: secrets.names.apply((names) => ({
                ...base,
                turnServer: turnServerPart(settings, names),
              })),
              machineType: given(turn.machineType),
              diskGb: turn.diskGb,
              patienceSeconds,
              subnetIds,
              securityGroupIds: [groups.turn],
              needs: [...network.routes, controlPlane],
            },
        transform: transform.turn,
      },
      inside,
    );
    const endpoint =
      balancer ??
      new PublicEndpoint(
        'entrance',
        {
          ...common,
          domain,
          entrance: { kind: 'machine', address: turnFleet.addresses.apply(([first = '']) => first) },
        },
        inside,
      );

    const parts = output({ names: secrets.names, zone: controlPlane.zoneId }).apply(({ names, zone }) => {
      const mediaNode = mediaNodePart(settings, names.cluster);
      if (!single) return output<MachineParts>({ ...base, mediaNode });
      const turnServer = turnServerPart(settings, names);
      return control(zone).apply(
        (part): MachineParts => ({ ...base, controlPlane: part, mediaNode, turnServer }),
      );
    });
    const mediaFleet = new MediaFleet(
      'media',
      {
        ...common,
        image,
        parts,
        ...(single ? { fixedAddresses: turnFleet.allocationIds } : {}),
        machineType: media.machineType,
        diskGb: media.diskGb,
        most: single ? ROLL_OUT_OF_ONE : media.max,
        initial: media.initial ?? media.min,
        spotShare: media.spotShare,
        patienceSeconds,
        wholeDrainMinutes: (drain.maxWaitMinutes ?? 0) + 60,
        subnetIds,
        securityGroupIds: single
          ? [groups.entrance, groups['control-plane'], groups.media, groups.turn]
          : [groups.media],
        rights: single
          ? [...controlPlane.rights, ...turnFleet.takeAddress(fleetName)]
          : [secrets.readCluster],
        needs: [...network.routes, controlPlane, turnFleet],
        transform: transform.media,
      },
      inside,
    );

    this.url = endpoint.url;
    this.notices = endpoint.notices;
    this.turnAddresses = turnFleet.addresses;
    this.mediaFleet = mediaFleet.identity;
    this.credentials = secrets.names.apply(({ own }) => own);
    this.dashboards = mediaFleet.identity.apply(
      ({ place, name: group }): Record<string, string> => ({
        mediaFleet: `https://${place}.console.aws.amazon.com/ec2/home?region=${place}#AutoScalingGroupDetails:id=${group};view=activity`,
      }),
    );
    this.registerOutputs({
      url: this.url,
      notices: this.notices,
      turnAddresses: this.turnAddresses,
      mediaFleet: this.mediaFleet,
      dashboards: this.dashboards,
      credentials: this.credentials,
    });
  }
}

/** A setting that this phase needs; `checkSettings` has refused the lack of it, with its key. */
function given(setting: string | undefined): string {
  if (setting === undefined) throw new Error('a setting that was checked is not there');
  return setting;
}
