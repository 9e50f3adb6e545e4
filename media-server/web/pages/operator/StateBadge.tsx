import { type NodeState, stateMeaning, stateWords } from '../../lib/node-state.ts';

/** A node's state: word, shape and colour say the same. */
export function StateBadge({ state }: { readonly state: NodeState }) {
  return (
    <span className={`state state-${state}`} title={stateMeaning[state]}>
      <span className="state-mark" aria-hidden="true" />
      {stateWords[state]}
    </span>
  );
}
