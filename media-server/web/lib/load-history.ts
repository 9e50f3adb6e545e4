import type { NodeView } from '../../protocol/rest.ts';
import { knownLoad } from './node-state.ts';

/** What a node's load was of late, oldest first; null: not known at that time. */
export interface NodeHistory {
  readonly stress: readonly (number | null)[];
  readonly workers: readonly (readonly (number | null)[])[];
}
export type LoadHistory = ReadonlyMap<string, NodeHistory>;

export interface LoadSample {
  readonly history: LoadHistory;
  readonly sampledAtMs: number;
}

const SAMPLES = 60;
const SPACING_MS = 950;

export const noHistory: LoadSample = { history: new Map(), sampledAtMs: Number.NEGATIVE_INFINITY };

/**
 * One sample a second, however often the page looks, so that the width of a curve always means the last minute.
 * Nodes that are gone are forgotten.
 */
export function withSample(last: LoadSample, nodes: readonly NodeView[], nowMs: number): LoadSample {
  if (nowMs - last.sampledAtMs < SPACING_MS) return last;
  const history = nodes.map((node) => [node.nodeId, extended(last.history.get(node.nodeId), node)] as const);
  return { history: new Map(history), sampledAtMs: nowMs };
}

function extended(history: NodeHistory | undefined, node: NodeView): NodeHistory {
  const { stress, workers } = knownLoad(node);
  const add = (samples: readonly (number | null)[] | undefined, sample: number | null) =>
    [...(samples ?? []), sample].slice(-SAMPLES);
  return {
    stress: add(history?.stress, stress),
    workers: workers.map((cpu, index) => add(history?.workers[index], cpu)),
  };
}
