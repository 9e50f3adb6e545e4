import type { NodeVerdict } from '../../protocol/index.ts';
import type { DirectoryEntry } from '../store/records.ts';
import { type Claim, isGivenUp } from './directory-entry.ts';

/** Whoever gives a meeting up closes it by itself meanwhile, and brings over who is still there, ms. */
const GRACE_MS = 2000;
/** The source of a committed move still tells everybody, and waits for the last ones, ms. */
const OUTGOING_GRACE_MS = 15_000;

/** A meeting that a node says it holds, and what the directory has of it. */
export interface HeldAgainst {
  readonly meetingId: string;
  readonly claim: Claim;
  readonly entry: DirectoryEntry | undefined;
}

/**
 * What a node must do about what it holds, because the directory knows better: let go of what was given up or lives elsewhere,
 * and take as its own what was committed without anybody telling it. What the directory does not know is never judged: a
 * store that was wiped must not end meetings.
 */
export function verdictOf(held: readonly HeldAgainst[], nowMs: number): NodeVerdict {
  const superseded: NodeVerdict['superseded'] = [];
  const adopt: NodeVerdict['adopt'] = [];
  for (const { meetingId, claim, entry } of held) {
    if (!entry) continue;
    const { epoch, role, nodeId } = claim;
    const graceMs = role === 'outgoing' ? OUTGOING_GRACE_MS : GRACE_MS;
    if (isGivenUp(entry, claim)) {
      if (nowMs - entry.changedAtMs >= graceMs) superseded.push({ meetingId, epoch });
    } else if (
      entry.state === 'home' &&
      role === 'incoming' &&
      entry.nodeId === nodeId &&
      entry.epoch === epoch
    ) {
      adopt.push({ meetingId, epoch });
    }
  }
  return { superseded, adopt };
}
