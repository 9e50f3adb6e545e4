/** More than this for one node and the oldest are given up: the node ends by itself what nobody uses. */
const MOST_OWED = 2000;

/**
 * Legs that are over and whose node has not been told so yet, because its link was broken or it did not answer. However a leg
 * was lost, its node must hear of it, or somebody who has left stays for all the others to see.
 */
export class OwedClosings {
  readonly #owed = new Map<string, Set<string>>();

  add(nodeId: string, legId: string): void {
    const legs = this.#owed.get(nodeId) ?? new Set();
    this.#owed.set(nodeId, legs);
    legs.add(legId);
    const [oldest] = legs;
    if (legs.size > MOST_OWED && oldest !== undefined) legs.delete(oldest);
  }

  /** What this node is to be told now; it is owed no longer, unless it is added again. */
  take(nodeId: string): string[] {
    const legs = [...(this.#owed.get(nodeId) ?? [])];
    this.#owed.delete(nodeId);
    return legs;
  }

  /** The node has left for good. */
  forget(nodeId: string): void {
    this.#owed.delete(nodeId);
  }
}
