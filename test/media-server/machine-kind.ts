import type { MachineKind } from '@holdfast/media-server/protocol/index.ts';

/** A media node on nobody's cloud. */
export const localMachine: MachineKind = {
  role: 'media',
  machineType: 'local',
  zone: null,
  market: 'on-demand',
  workers: 1,
};
