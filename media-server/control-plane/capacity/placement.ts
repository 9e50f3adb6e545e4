import type { NodeRecord, Reservation } from '../store/records.ts';
import { outstandingLoad } from './reservations.ts';

/** A node as placement sees it. */
export type PlacementNode = Pick<
  NodeRecord,
  'nodeId' | 'generation' | 'startedAtMs' | 'drain' | 'load' | 'meetings'
> & {
  readonly reachable: boolean;
};

export interface PlacementRequest {
  /** Share of one node that the meeting will take. */
  readonly load: number;
  readonly exclude: readonly string[];
  /** The meeting has lost its node: too full is better than nowhere. */
  readonly urgent?: boolean;
}

export type Placement =
  | { readonly placed: true; readonly nodeId: string; readonly reason: string }
  | { readonly placed: false; readonly code: 'NO_CAPACITY'; readonly reason: string };

/** Stress at which a node counts as full. */
const TARGET_STRESS = 1;
/** A node that holds nothing shows less than this. */
const IDLE_STRESS = 0.2;

/**
 * Chooses the node for one meeting. Nodes of the current generation come first; among those with room the fullest wins,
 * so that whole nodes stay free to be released. A node whose load is not known is taken only if no known one has room.
 */
export function place(
  nodes: readonly PlacementNode[],
  request: PlacementRequest,
  reservations: readonly Reservation[],
  nowMs: number,
): Placement {
  const counts = { excluded: 0, unreachable: 0, draining: 0, full: 0 };
  const current = currentGeneration(nodes);
  const usable = [];
  for (const node of nodes) {
    if (request.exclude.includes(node.nodeId)) counts.excluded += 1;
    else if (!node.reachable) counts.unreachable += 1;
    else if (node.drain.state !== 'active') counts.draining += 1;
    else {
      const promised = outstandingLoad(node, reservations, nowMs) + request.load;
      const { stress } = node.load;
      usable.push({
        nodeId: node.nodeId,
        old: node.generation === current ? 0 : 1,
        unknown: stress === null ? 1 : 0,
        projected: (stress ?? 0) + promised,
        idle: node.meetings.length === 0 && promised === request.load && (stress ?? 0) < IDLE_STRESS,
      });
    }
  }
  let fits = usable.filter(({ projected }) => projected <= TARGET_STRESS);
  // What is about as large as a whole node fits only where nothing is; refusing it for ever would help nobody.
  if (fits.length === 0) fits = usable.filter(({ idle }) => idle);
  counts.full = usable.length - fits.length;
  const packed = fits.sort(
    (a, b) =>
      a.unknown - b.unknown ||
      a.old - b.old ||
      // The load of unknown ones is not comparable: spread there, pack elsewhere.
      (a.unknown ? a.projected - b.projected : b.projected - a.projected) ||
      byId(a, b),
  )[0];
  if (packed) {
    const how = packed.unknown ? 'load not known, nothing known has room' : 'fullest with room';
    return { placed: true, nodeId: packed.nodeId, reason: `${how} (${packed.projected.toFixed(2)})` };
  }
  if (request.urgent) {
    const least = usable.sort((a, b) => a.projected - b.projected || byId(a, b))[0];
    if (least) {
      return {
        placed: true,
        nodeId: least.nodeId,
        reason: `urgent, over target (${least.projected.toFixed(2)})`,
      };
    }
  }
  const { excluded, unreachable, draining, full } = counts;
  const reason = `${nodes.length} nodes: ${full} full, ${draining} draining, ${unreachable} unreachable, ${excluded} excluded`;
  return { placed: false, code: 'NO_CAPACITY', reason };
}

/** What the newest node was launched from is what nodes are being replaced by. */
function currentGeneration(nodes: readonly PlacementNode[]): string | undefined {
  return nodes.reduce<PlacementNode | undefined>(
    (newest, node) => (newest && newest.startedAtMs >= node.startedAtMs ? newest : node),
    undefined,
  )?.generation;
}

function byId(a: { nodeId: string }, b: { nodeId: string }): number {
  return a.nodeId < b.nodeId ? -1 : 1;
}
