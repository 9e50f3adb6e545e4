import type { NodeView } from '../../../protocol/rest.ts';
import { meaningOf, nodeStateOf, stateWords } from '../../lib/node-state.ts';

/** A machine's state: word, shape and colour say the same. */
export function StateBadge({ node }: { readonly node: NodeView }) {
  const state = nodeStateOf(node);
  return (
    <span className={`state state-${state}`} title={meaningOf(node)}>
      <span className="state-mark" aria-hidden="true" />
      {stateWords[state]}
    </span>
  );
}
