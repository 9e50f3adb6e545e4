import type { FoundFacts } from './machine-facts.ts';

/** This computer by itself: nobody outside it knows the node. */
export function factsFromLocal(hostname: string): FoundFacts {
  // A host's name may have characters that a node's id may not.
  const nodeId = hostname.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return { nodeId: nodeId.slice(0, 64) || 'local', privateAddress: '127.0.0.1' };
}
