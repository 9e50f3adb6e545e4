import { z } from 'zod';
import { HoldfastError } from './errors.ts';

/**
 * What our own processes speak among themselves. Machines of two generations are the normal state of every roll-out, so
 * whoever speaks version N speaks N − 1 too. Within a version messages are only added to: a new field may be left out, and
 * one that is not known is passed over. Whatever else changes makes a new version.
 */
export const INTERNAL_VERSION = 1;

/** Part of the first message of each side. Before there was a version nobody said one. */
export const internalVersion = z.int().min(1).default(1).meta({
  description: 'Version of the messages among our own processes; neighbours understand each other.',
});

/**
 * The version that two processes speak: the lower one of neighbours.
 *
 * @throws BAD_REQUEST when they are more than one apart
 */
export function commonVersion(theirs: number, ours = INTERNAL_VERSION): number {
  if (Math.abs(theirs - ours) <= 1) return Math.min(theirs, ours);
  throw new HoldfastError(
    'BAD_REQUEST',
    `this process speaks version ${ours} and its neighbours, not ${theirs}; roll out one version after the other`,
  );
}
