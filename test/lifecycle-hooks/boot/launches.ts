import {
  type LaunchDescription,
  type LaunchDescriptionInput,
  launchDescription,
} from '@holdfast/media-server/config/index.ts';
import { type MachineFacts, machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';

const cloud = { kind: 'aws', region: 'eu-central-1', group: 'holdfast-media' } as const;
const drainHook = { name: 'holdfast-drain', heartbeatSeconds: 300 };
const home = { privateName: 'control-plane.holdfast.internal', internalPort: 8444 };

export const controlPlanePart = {
  secrets: { cluster: 'cluster', own: 'own', turn: 'turn' },
  zone: 'Z123',
  webPort: 8080,
  limits: { total: 20_000, perAddress: 2000 },
  entrance: { tls: 'balancer', host: 'meet.example.org', trustedProxies: ['10.40.0.0/16'] },
  fleet: { group: 'holdfast-media', machineType: 'c7i.xlarge', min: 1, max: 10 },
} satisfies LaunchDescriptionInput['controlPlane'];

export const mediaNodePart = {
  secrets: { cluster: 'cluster' },
  firstPort: 40_000,
  rpcPort: 8445,
  drain: { policy: 'migrate' },
} satisfies LaunchDescriptionInput['mediaNode'];

export const turnServerPart = {
  secrets: { cluster: 'cluster', turn: 'turn' },
  port: 3478,
  tlsPort: 443,
  relayPorts: { first: 49_152, last: 65_535 },
  realm: 'meet.example.org',
} satisfies LaunchDescriptionInput['turnServer'];

/** A machine of these parts, as AWS launches it. */
export function launchOf(
  parts: Pick<LaunchDescriptionInput, 'controlPlane' | 'mediaNode' | 'turnServer'>,
  own: Partial<LaunchDescriptionInput['cloud']> = {},
): LaunchDescription {
  const drained = parts.mediaNode ?? parts.turnServer;
  return launchDescription.parse({
    stack: 'holdfast-test',
    cloud: { ...cloud, ...(drained ? { drainHook } : {}), ...own },
    home,
    ...parts,
  });
}

export const someFacts: MachineFacts = machineFacts.parse({
  nodeId: 'i-0123456789abcdef0',
  privateAddress: '10.40.1.5',
  publicAddresses: ['203.0.113.9'],
  zone: 'eu-central-1a',
  machineType: 'c7i.xlarge',
  workers: 4,
  generation: 'lt-1:7',
});
