import type { IceServer, MediaPath } from '../protocol/values.ts';

/** One way for media that a leg is offered: straight to the node, or to a TURN server first. */
export interface PathOffer {
  readonly path: MediaPath;
  readonly host: string;
  readonly port: number;
  /** Of a TURN server: the one address of it that is meant, with the credentials. */
  readonly server?: IceServer;
}

interface Candidate {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
}

/** What decides about the paths of a leg. */
export interface Offered<C extends Candidate = Candidate> {
  readonly iceServers: readonly IceServer[];
  readonly iceCandidates: readonly C[];
}

const DEFAULT_PORT = { turn: 3478, turns: 5349 } as const;

/** All ways, in the order in which they are preferred. What no browser would use is left out. */
export function offersOf({ iceServers, iceCandidates }: Offered): PathOffer[] {
  const direct = (['udp', 'tcp'] as const).flatMap((path) =>
    iceCandidates
      .filter(({ protocol }) => protocol === path)
      .map(({ address, port }): PathOffer => ({ path, host: address, port })),
  );
  const relays = iceServers.flatMap((server) =>
    [server.urls].flat().flatMap((url) => {
      const offer = turnOffer(url);
      return offer ? [{ ...offer, server: { ...server, urls: [url] } }] : [];
    }),
  );
  const order: readonly MediaPath[] = ['turn-udp', 'turn-tcp', 'turn-tls'];
  return [...direct, ...order.flatMap((path) => relays.filter((relay) => relay.path === path))];
}

/** The same leg as if only this path were offered. */
export function onlyBy<C extends Candidate>(path: MediaPath, offered: Offered<C>) {
  const relayed = path !== 'udp' && path !== 'tcp';
  const servers = offersOf(offered).flatMap((offer) =>
    offer.path === path && offer.server ? [offer.server] : [],
  );
  return {
    iceServers: relayed ? servers : [],
    // A relay speaks to the node over UDP, whatever it is reached by.
    iceCandidates: offered.iceCandidates.filter(
      ({ protocol }) => protocol === (path === 'tcp' ? 'tcp' : 'udp'),
    ),
    relayOnly: relayed,
  };
}

/** `turn:HOST[:PORT][?transport=udp|tcp]`, `turns:` over TLS (RFC 7065). TLS over UDP is nothing that browsers do. */
function turnOffer(url: string): PathOffer | undefined {
  const found =
    /^(turns?):(?:\[([0-9a-f:.]+)\]|([^:?/[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i.exec(url);
  if (!found) return undefined;
  const [, scheme = '', v6, name = '', port, transport] = found;
  const secure = scheme.toLowerCase() === 'turns';
  const path = secure ? 'turn-tls' : transport?.toLowerCase() === 'tcp' ? 'turn-tcp' : 'turn-udp';
  if (secure && transport?.toLowerCase() === 'udp') return undefined;
  return { path, host: v6 ?? name, port: port ? Number(port) : DEFAULT_PORT[secure ? 'turns' : 'turn'] };
}
