import type { LaunchDescriptionInput } from '@holdfast/media-server/config/launch-description.ts';
import type { PlatformSettings } from './contract.ts';
import { ports } from './ports.ts';

/** What a machine is told, without what its cloud adds. */
export type MachineParts = Omit<LaunchDescriptionInput, 'cloud'>;
type Part<K extends 'controlPlane' | 'mediaNode' | 'turnServer'> = NonNullable<MachineParts[K]>;

const tlsPort = ({ phase }: PlatformSettings) =>
  phase === 'single' ? ports.turn.tlsSharedMachine : ports.turn.tlsOwnMachine;

/** What the settings say about a machine's parts; names of secrets and addresses are known to the clouds' components. */
export function controlPlanePart(
  settings: PlatformSettings,
  known: Pick<Part<'controlPlane'>, 'secrets' | 'zone'> & {
    readonly mediaGroup: string;
    readonly storeUrl?: string | undefined;
  },
): Part<'controlPlane'> {
  const { domain, limits, media, network, phase } = settings;
  const tls = phase !== 'single' ? 'balancer' : domain === undefined ? 'none' : 'machine';
  return {
    secrets: known.secrets,
    zone: known.zone,
    webPort: webPort(tls),
    limits: { total: limits.connections, perAddress: limits.connectionsPerAddress },
    entrance: {
      tls,
      // Behind a load balancer every name is taken: its own health checks call a machine by its address.
      ...(domain === undefined || tls === 'balancer' ? {} : { host: domain.name }),
      ...(domain?.acmeEmail === undefined ? {} : { acmeEmail: domain.acmeEmail }),
      // The load balancer stands in the network itself.
      trustedProxies: phase === 'single' ? [] : [network.cidr],
    },
    fleet: {
      group: known.mediaGroup,
      machineType: media.machineType,
      min: media.min,
      max: media.max,
    },
    ...(known.storeUrl === undefined ? {} : { storeUrl: known.storeUrl }),
  };
}

/** Where participants reach the control plane: straight, or through a load balancer. */
function webPort(tls: 'none' | 'machine' | 'balancer'): number {
  if (tls === 'balancer') return ports.web;
  return tls === 'machine' ? ports.https : ports.http;
}

export function mediaNodePart(settings: PlatformSettings, clusterSecret: string): Part<'mediaNode'> {
  const { drain, media } = settings;
  return {
    secrets: { cluster: clusterSecret },
    firstPort: ports.media.first,
    rpcPort: ports.rpc,
    ...(media.workers === undefined ? {} : { workers: media.workers }),
    drain: {
      policy: drain.policy,
      ...(drain.maxWaitMinutes === undefined ? {} : { maxWaitMinutes: drain.maxWaitMinutes }),
    },
  };
}

export function turnServerPart(
  settings: PlatformSettings,
  secrets: Part<'turnServer'>['secrets'],
): Part<'turnServer'> {
  return {
    secrets: { cluster: secrets.cluster, turn: secrets.turn },
    port: ports.turn.port,
    tlsPort: tlsPort(settings),
    relayPorts: ports.turn.relay,
    realm: settings.domain?.name ?? 'holdfast',
  };
}
