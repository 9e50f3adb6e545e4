import type { CloudTraits } from '../cloud-traits.ts';

/** AWS lets go of a machine in any case after two days, or a hundred times the heartbeat's time-out. */
const MOST_DRAIN_SECONDS = 172_800;
const MOST_HEARTBEATS = 100;

export const awsTraits: CloudTraits = {
  cloud: 'aws',
  examples: {
    'release.machineImage': 'ami-0123456789abcdef0',
    'media.machineType': 'c7i.xlarge',
    'controlPlane.machineType': 't3.small',
    'turn.machineType': 't3.small',
    'stateStore.machineType': 'cache.t4g.small',
    'network.zones': ['eu-central-1a', 'eu-central-1b'],
    'domain.zoneId': 'Z0123456789ABCDEFGHIJ',
    'domain.certificateId': 'arn:aws:acm:eu-central-1:123456789012:certificate/…',
  },
  machineImage: /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/,
  zones: {
    // A load balancer stands in two zones or more.
    least: { single: 1, elastic: 2, ha: 2 },
    pattern: /^[a-z]{2}(-[a-z]+)+-\d[a-p]$/,
  },
  // Each of sixteen zones gets a sixteenth of the network, and a subnet is /28 or larger.
  networkPrefix: { least: 16, most: 24 },
  spot: true,
  patience: {
    leastSeconds: 30,
    mostSeconds: 7200,
    wholeDrainSeconds: (patienceSeconds) => Math.min(MOST_DRAIN_SECONDS, MOST_HEARTBEATS * patienceSeconds),
  },
  tagProblem(key, value) {
    if (/^aws:/i.test(key)) return 'begins with "aws:", which AWS keeps for itself';
    if (key.startsWith('holdfast:'))
      return 'begins with "holdfast:", which is how parts of a stack are found';
    // Machines can read their own tags from the metadata service, which allows fewer letters than tags do.
    if (!/^[A-Za-z0-9+\-=.,_:@]{1,128}$/.test(key) || ['.', '..', '_index'].includes(key)) {
      return 'may only have letters, digits and + - = . , _ : @, at most 128: machines read it from the metadata service';
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      return 'has a value with other signs than letters, digits, blanks and _ . : / = + - @, or more than 256';
    }
    return undefined;
  },
};
