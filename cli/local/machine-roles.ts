import { spawnSync } from 'node:child_process';
import type { Carries } from '@holdfast/media-server/capacity/machine-capacity.ts';
import type { NodeConfigInput } from '@holdfast/media-server/config/index.ts';
import { LOOPBACK } from './addresses.ts';
import type { MachineRoleConfig } from './process-machine-factory.ts';

/** Where media goes: where it is listened for, and what browsers are told. */
export interface MediaAddress {
  readonly listenIp: string;
  readonly publicAddresses: readonly string[];
}

interface RoleOptions {
  readonly controlPlaneUrl: string;
  readonly media: MediaAddress;
}

/** A machine that is stopped here was drained before, or everything is being stopped. */
const stop = { graceMs: 0 };

/** @param carries what a machine carries, where that is not what was measured */
export function mediaRole({
  controlPlaneUrl,
  media,
  carries,
}: RoleOptions & { carries?: Carries }): MachineRoleConfig {
  const fleet = {
    role: 'media-node',
    controlPlane: { urls: [controlPlaneUrl] },
    media: { listenIp: media.listenIp },
    ...(carries ? { carries } : {}),
    stop,
  } satisfies Partial<NodeConfigInput>;
  return {
    program: 'media-node',
    fleet,
    configOf: ({ machine, port, drainSocket }) => ({
      ...fleet,
      machine,
      rpc: { host: LOOPBACK, port },
      drainSocket,
    }),
  };
}

/** Relays to this computer's media nodes and to nothing else that is private. */
export function turnRole({ controlPlaneUrl, media }: RoleOptions): MachineRoleConfig {
  // coturn relays from one address; for all addresses at once that is the one that browsers are told.
  const listenIp = media.publicAddresses[0] ?? media.listenIp;
  const turn = {
    realm: 'holdfast.local',
    listenIp,
    port: 0,
    ...(listenIp.startsWith('127.') ? {} : { allowedPeers: [listenIp] }),
  };
  const fleet = {
    role: 'turn-server',
    controlPlane: { urls: [controlPlaneUrl] },
    turn,
    stop,
  } satisfies Partial<NodeConfigInput>;
  return {
    program: 'turn-server',
    fleet,
    configOf: ({ machine, port, drainSocket, file }) => ({
      ...fleet,
      machine,
      http: { host: LOOPBACK, port },
      drainSocket,
      workDirectory: file('coturn'),
    }),
  };
}

/** Whether this machine has coturn. */
export function coturnInstalled(env: NodeJS.ProcessEnv): boolean {
  return spawnSync('turnserver', ['--version'], { env }).error === undefined;
}
