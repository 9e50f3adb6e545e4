import type { MachineCapacity } from './machine-capacity.ts';

/** What a part of a meeting asks of the one worker it lives on. */
export interface Share {
  /** Streams forwarded to somebody. */
  readonly streams: number;
  readonly egressBps: number;
}

/** What a meeting asks for: one share for each worker it lives on. One today. */
export type Shares = readonly Share[];

export interface MeetingPeople {
  readonly participants: number;
  /** How many of them send sound, and how many a picture. Absent: all of them. */
  readonly sendingSound?: number;
  readonly sendingPicture?: number;
  /** Streams that are forwarded already. Absent: the meeting has not begun. */
  readonly consumers?: number;
}

/** Until something is known of a meeting: room for so many people. */
export const FLOOR_PARTICIPANTS = 4;

/** Half of the streams are sound at 40 kbit/s, half are pictures, of which most are small: 600 kbit/s. */
export const STREAM_BPS = 320_000;

/**
 * What a meeting takes, whether it is announced, beginning or running. Each stream goes to everybody but its sender; what
 * is forwarded already counts where it is more. Somebody who has only just arrived receives nothing yet, but will.
 */
export function meetingShares(people: MeetingPeople): Shares {
  const { participants, sendingSound = participants, sendingPicture = participants, consumers = 0 } = people;
  const expected = (sendingSound + sendingPicture) * Math.max(0, participants - 1);
  return sharesOf(Math.max(consumers, expected));
}

export function sharesOf(streams: number): Shares {
  return [{ streams, egressBps: streams * STREAM_BPS }];
}

/** No share takes more than a whole worker: a worker that holds nothing else is all that can be given to it. */
export function capped(share: Share, machine: MachineCapacity): Share {
  if (share.streams <= machine.workerStreams) return share;
  return {
    streams: machine.workerStreams,
    egressBps: Math.min((share.egressBps * machine.workerStreams) / share.streams, machine.networkBps),
  };
}

export function scaled(shares: Shares, factor: number): Shares {
  return shares.map(({ streams, egressBps }) => ({
    streams: streams * factor,
    egressBps: egressBps * factor,
  }));
}

/** The larger of the two, share by share. */
export function larger(a: Shares, b: Shares): Shares {
  return combine(a, b, Math.max);
}

/** What of `a` is left when `b` is taken off, share by share; never less than nothing. */
export function without(a: Shares, b: Shares): Shares {
  return combine(a, b, (left, right) => Math.max(0, left - right));
}

export function streamsOf(shares: Shares): number {
  return shares.reduce((sum, { streams }) => sum + streams, 0);
}

function combine(a: Shares, b: Shares, how: (left: number, right: number) => number): Shares {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => ({
    streams: how(a[index]?.streams ?? 0, b[index]?.streams ?? 0),
    egressBps: how(a[index]?.egressBps ?? 0, b[index]?.egressBps ?? 0),
  }));
}
