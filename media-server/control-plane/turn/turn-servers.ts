import type { RegisteredNode } from '../nodes/registry.ts';
import type { TurnServer } from './ice-servers.ts';

/** A TURN server with the name by which it is told from others: a machine's, or its address where it is only configured. */
export interface NamedTurnServer extends TurnServer {
  readonly name: string;
  /** It is not heard of. Nobody new is given it, and nobody whose path stands is taken from it: it may relay all the same. */
  readonly doubtful: boolean;
}

/**
 * The TURN servers that participants may have now: those of the configuration, and those machines that have registered and
 * take newcomers. One that drains is not among them: whoever has it is given another.
 */
export function turnServersOf(
  configured: readonly string[],
  machines: readonly Pick<RegisteredNode, 'nodeId' | 'role' | 'reachable' | 'drain' | 'turnUrls'>[],
  secret: string | undefined,
): NamedTurnServer[] {
  if (secret === undefined) return [];
  const registered = machines.flatMap(({ nodeId, role, reachable, drain, turnUrls = [] }) =>
    role === 'turn' && drain.state === 'active' && turnUrls.length > 0
      ? [{ name: nodeId, urls: turnUrls, secret, doubtful: !reachable }]
      : [],
  );
  return configured.length === 0
    ? registered
    : [{ name: configured.join(' '), urls: configured, secret, doubtful: false }, ...registered];
}
