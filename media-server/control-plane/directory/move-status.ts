import type { MoveState } from '../../protocol/index.ts';
import type { LiveEntry } from './directory.ts';
import type { Place } from './directory-entry.ts';

/**
 * What the directory says of the move of a meeting away from `from`.
 * @param entry undefined: the meeting is over
 * @param target undefined: whichever target the meeting is being moved to
 * @returns `place`: where it is being moved to, or where it lives instead of `from`
 */
export function moveStatus(
  entry: LiveEntry | undefined,
  from: Place,
  target: string | undefined,
): { readonly state: MoveState; readonly place?: Place } {
  if (!entry) return { state: 'elsewhere' };
  const { nodeId, epoch } = entry;
  const home = { nodeId, epoch };
  if (nodeId === from.nodeId && epoch === from.epoch) {
    const isOurs = entry.state === 'moving' && (target === undefined || entry.movingTo.nodeId === target);
    return isOurs ? { state: 'moving', place: entry.movingTo } : { state: 'given-up' };
  }
  if (nodeId !== target || epoch <= from.epoch) return { state: 'elsewhere', place: home };
  // Rebuilt from the target alone: a commit makes it the home.
  if (entry.state === 'arriving') return { state: 'moving', place: home };
  // One that is being moved on has been committed before.
  return { state: 'committed', place: home };
}
