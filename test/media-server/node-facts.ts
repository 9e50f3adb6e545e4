import {
  fullAt,
  type MachineCapacity,
  measuredDefault,
} from '@holdfast/media-server/capacity/machine-capacity.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import type { HeldMeeting, NodeLoad } from '@holdfast/media-server/protocol/index.ts';

/** What a node of one worker tells of its machine. */
export const oneWorker: MachineCapacity = { ...measuredDefault, workers: 1 };

/** @param stress of its only worker; null: not known */
export function someLoad(stress: number | null = 0): NodeLoad {
  const cpu = stress === null ? null : stress * fullAt.workerCpu;
  return {
    workers: [{ index: 0, cpu, packetsPerSecond: null, meetings: 0, consumers: 0, streams: 0 }],
    processCpu: stress === null ? null : 0,
    egressBps: null,
    rssBytes: 1,
    participants: 0,
    stress,
  };
}

/** What a node tells of a small meeting on its only worker. */
export function someMeeting(
  about: Pick<HeldMeeting, 'meetingId' | 'epoch'> & Partial<HeldMeeting>,
): HeldMeeting {
  return { role: 'home', participants: 2, shares: [...sharesOf(4)], workers: [0], ...about };
}
