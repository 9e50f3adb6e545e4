import type { RegisteredNode } from '../nodes/registry.ts';
import type { TurnServer } from './ice-servers.ts';

/** A TURN server with the name by which it is told from others: a machine's, or its address where it is only configured. */
export interface NamedTurnServer extends TurnServer {
  readonly name: string;
  /** null: not known. */
  readonly zone: string | null;
  /** It carries all that it can: others come first. */
  readonly full: boolean;
  /** It is not heard of. Nobody new is given it, and nobody whose path stands is taken from it: it may relay all the same. */
  readonly doubtful: boolean;
}

type Machine = Pick<
  RegisteredNode,
  'nodeId' | 'role' | 'zone' | 'reachable' | 'drain' | 'turnUrls' | 'relay' | 'load'
>;

/**
 * The TURN servers that participants may have now: those of the configuration, and those machines that have registered,
 * relay, and take newcomers. One that drains, or at which no allocation can be had, is not among them: whoever has it is given
 * another. Nor is one that is not heard of, since to move somebody from one that relays all the same costs an ICE restart and
 * no picture. But when most of them are silent it is rather we who hear nothing, and all would be sent to the few that are left.
 */
export function turnServersOf(
  configured: readonly string[],
  machines: readonly Machine[],
  secret: string | undefined,
): NamedTurnServer[] {
  if (secret === undefined) return [];
  const relaying = machines.filter(
    ({ role, drain, turnUrls = [], relay }) =>
      role === 'turn' && drain.state === 'active' && turnUrls.length > 0 && relay?.healthy !== false,
  );
  const silent = relaying.filter(({ reachable }) => !reachable);
  const weHear = silent.length * 2 <= relaying.length;
  const registered = relaying.flatMap(({ nodeId, zone, reachable, turnUrls = [], load }) =>
    reachable || !weHear
      ? [
          {
            name: nodeId,
            urls: turnUrls,
            secret,
            zone,
            full: (load.stress ?? 0) >= 1,
            doubtful: !reachable,
          },
        ]
      : [],
  );
  const fixed = { urls: configured, secret, zone: null, full: false, doubtful: false };
  return configured.length === 0 ? registered : [{ name: configured.join(' '), ...fixed }, ...registered];
}
