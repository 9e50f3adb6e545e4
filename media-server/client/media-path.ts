import type { MediaPath } from '../protocol/values.ts';

/** The local candidate of the pair in use, as statistics name its parts. */
export interface LocalCandidate {
  readonly type: string | undefined;
  readonly protocol: string | undefined;
  /** Of a relay: how its TURN server is reached. */
  readonly relayProtocol: string | undefined;
}

/** @returns undefined while there is no pair, or for words that we do not know */
export function mediaPathOf({ type, protocol, relayProtocol }: LocalCandidate): MediaPath | undefined {
  if (type === undefined) return undefined;
  if (type === 'relay') return isProtocol(relayProtocol) ? `turn-${relayProtocol}` : undefined;
  return protocol === 'udp' || protocol === 'tcp' ? protocol : undefined;
}

const isProtocol = (name: string | undefined): name is 'udp' | 'tcp' | 'tls' =>
  name === 'udp' || name === 'tcp' || name === 'tls';
