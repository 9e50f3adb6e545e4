import type { HeldMeeting } from '../../protocol/index.ts';
import type { DirectoryEntry } from '../store/records.ts';

/** A node at an epoch. */
export interface Place {
  readonly nodeId: string;
  readonly epoch: number;
}

/** What a node says it holds of a meeting. */
export interface Claim extends Place {
  readonly role: HeldMeeting['role'];
}

export type DirectoryEvent =
  /** Somebody wants to meet and a node was chosen. */
  | { readonly type: 'place'; readonly nodeId: string }
  | { readonly type: 'move'; readonly from: Place; readonly to: string }
  | { readonly type: 'commit'; readonly from: Place; readonly to: string }
  | { readonly type: 'abort'; readonly from: Place; readonly to: string }
  /** What lived at this place is gone. A meeting under way to another node is there now; else `newHome` takes it. */
  | { readonly type: 'lost'; readonly place: Place; readonly newHome: string | undefined }
  /** The last participant has left. */
  | { readonly type: 'end'; readonly place: Place }
  /** What all reachable nodes say of this meeting, together. */
  | { readonly type: 'claims'; readonly claims: readonly Claim[] };

export type DirectoryStep =
  | { readonly kind: 'write'; readonly entry: DirectoryEntry }
  /** It is as the event wants it, or the event is of no concern any more. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'refuse'; readonly reason: string };

const keep: DirectoryStep = { kind: 'keep' };

/**
 * The one transition function of a directory entry. Two rules hold in every case: an epoch is given to one node only
 * and never again (`issuedEpoch`), and whoever names an older epoch than the entry's changes nothing.
 */
export function nextDirectoryEntry(
  entry: DirectoryEntry | undefined,
  event: DirectoryEvent,
  nowMs: number,
): DirectoryStep {
  const write = (next: WithoutTime<DirectoryEntry>): DirectoryStep => ({
    kind: 'write',
    entry: { ...next, changedAtMs: nowMs },
  });
  switch (event.type) {
    case 'place': {
      if (entry && entry.state !== 'ended') return keep;
      const epoch = (entry?.issuedEpoch ?? 0) + 1;
      return write({ state: 'home', nodeId: event.nodeId, epoch, issuedEpoch: epoch });
    }
    case 'move': {
      const { from, to } = event;
      if (!entry || !livesAt(entry, from)) return refuse(entry, from);
      const epoch = entry.issuedEpoch + 1;
      return write({ state: 'moving', ...at(from), issuedEpoch: epoch, movingTo: { nodeId: to, epoch } });
    }
    case 'commit': {
      const { from, to } = event;
      if (entry?.state === 'moving' && same(entry, from) && entry.movingTo.nodeId === to) {
        return write({ state: 'home', ...entry.movingTo, issuedEpoch: entry.issuedEpoch });
      }
      if (entry?.state === 'arriving' && entry.nodeId === to && entry.epoch > from.epoch) {
        return write({ state: 'home', ...at(entry), issuedEpoch: entry.issuedEpoch });
      }
      // The first answer was lost on its way and the node asks again.
      if (entry?.state === 'home' && entry.nodeId === to && entry.epoch > from.epoch) return keep;
      return refuse(entry, from);
    }
    case 'abort': {
      const { from, to } = event;
      if (entry?.state === 'moving' && same(entry, from) && entry.movingTo.nodeId === to) {
        return write({ state: 'home', ...at(from), issuedEpoch: entry.issuedEpoch });
      }
      if (entry?.state === 'arriving' && entry.nodeId === to && entry.epoch > from.epoch) {
        return write({ state: 'home', ...at(from), issuedEpoch: entry.issuedEpoch });
      }
      return keep;
    }
    case 'lost':
      return afterLoss(entry, event.place, event.newHome, write);
    case 'end': {
      if (!entry || entry.state === 'ended') return keep;
      if (!same(entry, event.place)) return keep;
      // Everybody is on the target already.
      if (entry.state === 'moving') {
        return write({ state: 'home', ...entry.movingTo, issuedEpoch: entry.issuedEpoch });
      }
      return write({ state: 'ended', ...at(event.place), issuedEpoch: entry.issuedEpoch });
    }
    case 'claims':
      return merge(entry, event.claims, nowMs, write);
  }
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'changedAtMs'> : never;
type Write = (next: WithoutTime<DirectoryEntry>) => DirectoryStep;

function afterLoss(
  entry: DirectoryEntry | undefined,
  place: Place,
  newHome: string | undefined,
  write: Write,
): DirectoryStep {
  if (!entry || entry.state === 'ended') return keep;
  if (entry.state === 'moving') {
    const { issuedEpoch, movingTo } = entry;
    // The target is gone: nobody has let go of the old node yet.
    if (same(movingTo, place)) {
      return write({ state: 'home', ...at(entry), issuedEpoch });
    }
    // The source is gone: whatever has moved so far is all there is.
    if (same(entry, place)) return write({ state: 'home', ...movingTo, issuedEpoch });
    return keep;
  }
  if (!same(entry, place)) return keep;
  if (newHome === undefined) return { kind: 'refuse', reason: 'no other node can take it' };
  const epoch = entry.issuedEpoch + 1;
  return write({ state: 'home', nodeId: newHome, epoch, issuedEpoch: epoch });
}

/** A move of which only the target speaks belongs to the target when its source has been silent this long, ms. */
const ARRIVED_MS = 15_000;

function merge(
  entry: DirectoryEntry | undefined,
  claims: readonly Claim[],
  nowMs: number,
  write: Write,
): DirectoryStep {
  const standing = claims.filter((claim) => !isGivenUp(entry, claim));
  const owner = highest(standing.filter(({ role }) => role !== 'incoming'));
  const incoming = highest(standing.filter(({ role }) => role === 'incoming'));
  const seen = Math.max(owner?.epoch ?? 0, incoming?.epoch ?? 0);
  const issuedEpoch = Math.max(entry?.issuedEpoch ?? 0, seen);
  const home = (place: Place): DirectoryStep => write({ state: 'home', ...at(place), issuedEpoch });
  const moving = (from: Place, to: Place): DirectoryStep =>
    write({ state: 'moving', ...at(from), issuedEpoch, movingTo: at(to) });
  const underWay =
    owner?.role === 'outgoing' && incoming && incoming.epoch > owner.epoch ? incoming : undefined;

  if (!entry || entry.state === 'ended') {
    // Same node, same epoch: somebody joined there in the moment in which it ended. Nobody else was given the meeting.
    const revived = entry && owner && same(owner, entry) && owner.role === 'home';
    if (entry && !revived && seen <= entry.issuedEpoch) return keep;
    if (owner) return underWay ? moving(owner, underWay) : home(owner);
    if (!incoming) return keep;
    return write({ state: 'arriving', ...at(incoming), issuedEpoch });
  }
  if (entry.state === 'arriving') {
    if (!owner) {
      const alone = incoming && same(incoming, entry) && nowMs - entry.changedAtMs >= ARRIVED_MS;
      return alone ? home(incoming) : keep;
    }
    if (owner.epoch >= entry.epoch) return home(owner);
    // The source of the move has come back too: it is the home until the move is committed.
    return owner.role === 'outgoing' ? moving(owner, entry) : home(owner);
  }
  if (owner && owner.epoch > entry.epoch) {
    // A target that has adopted the meeting, or a store that was set back: the nodes know better.
    return underWay ? moving(owner, underWay) : home(owner);
  }
  if (underWay && owner && entry.state === 'home' && same(owner, entry)) return moving(owner, underWay);
  return seen > entry.issuedEpoch ? write({ ...entry, issuedEpoch: seen }) : keep;
}

/**
 * Whether this claim is of an epoch that the directory knows to be over: it was given out, and is neither where the meeting
 * lives (or lived last) nor where it is being moved. Such a claim never wins, however high its epoch. Of a move of which only
 * the target was heard the source's older epoch is not over.
 */
export function isGivenUp(entry: DirectoryEntry | undefined, claim: Place): boolean {
  if (!entry || entry.state === 'arriving' || claim.epoch > entry.issuedEpoch || same(claim, entry))
    return false;
  return !(entry.state === 'moving' && same(claim, entry.movingTo));
}

/** Whether the directory has this claim already, or knows that it is over: then there is nothing to merge. */
export function isSettled(entry: DirectoryEntry | undefined, claim: Claim): boolean {
  if (!entry) return false;
  const { role } = claim;
  if (entry.state === 'home' && role === 'home' && same(entry, claim)) return true;
  if (entry.state === 'moving' && role === 'outgoing' && same(entry, claim)) return true;
  if (entry.state === 'moving' && role === 'incoming' && same(entry.movingTo, claim)) return true;
  return isGivenUp(entry, claim);
}

/** The meeting's home, as whoever runs a move knows it. */
function livesAt(entry: DirectoryEntry, place: Place): boolean {
  return (entry.state === 'home' || entry.state === 'moving') && same(entry, place);
}

function same(a: Place, b: Place): boolean {
  return a.nodeId === b.nodeId && a.epoch === b.epoch;
}

/** The place alone, without what else its object carries. */
function at({ nodeId, epoch }: Place): Place {
  return { nodeId, epoch };
}

function highest(claims: readonly Claim[]): Claim | undefined {
  return claims.reduce<Claim | undefined>(
    (best, claim) => (best && best.epoch >= claim.epoch ? best : claim),
    undefined,
  );
}

function refuse(entry: DirectoryEntry | undefined, from: Place): DirectoryStep {
  const where = entry ? `${entry.state} on ${entry.nodeId} at epoch ${entry.epoch}` : 'not in the directory';
  return { kind: 'refuse', reason: `not on ${from.nodeId} at epoch ${from.epoch}: ${where}` };
}
