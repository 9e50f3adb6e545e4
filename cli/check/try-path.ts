import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { PathOffer } from '@holdfast/media-server/client/path-offers.ts';
import type { TransportParameters } from '@holdfast/media-server/protocol/index.ts';
import { Exchange } from './exchange.ts';
import { attributes, uint32 } from './stun.ts';
import { TurnAllocation } from './turn-allocation.ts';
import { openWire, type Wire } from './wire.ts';

/** What came of one way for media. */
export interface PathTried {
  readonly works: boolean;
  /** To the media node and back, ms. */
  readonly roundTripMs: number | null;
  /** Why it does not work, in words. */
  readonly why: string | null;
}

const over = { udp: 'udp', tcp: 'tcp', 'turn-udp': 'udp', 'turn-tcp': 'tcp', 'turn-tls': 'tls' } as const;
/** Any will do: the node answers all. */
const PRIORITY = 0x7e7f1eff;

/**
 * Asks the media node over this way whether it hears us, as a browser would (RFC 8445, 7.2): the answer comes from the
 * node's own transport, so that it proves the whole way there and back.
 */
export async function tryPath(
  offer: PathOffer,
  transport: TransportParameters,
  limitMs: number,
): Promise<PathTried> {
  const signal = AbortSignal.timeout(limitMs);
  let wire: Wire | undefined;
  try {
    const relayed = offer.server !== undefined;
    wire = await openWire(
      { over: over[offer.path], host: offer.host, port: offer.port, framing: relayed ? 'stun' : 'rfc4571' },
      signal,
    );
    const exchange = relayed ? await throughRelay(wire, offer, transport, signal) : straight(wire);
    const { answer, roundTripMs } = await exchange.request(bindingRequest(transport), signal);
    if (answer.kind === 'success') return { works: true, roundTripMs: rounded(roundTripMs), why: null };
    return failed(`the media node refuses (${answer.error})`);
  } catch (error) {
    return failed(signal.aborted ? `no answer within ${limitMs / 1000} s` : wordsOf(error));
  } finally {
    wire?.close();
  }
}

function straight(wire: Wire): Exchange {
  const exchange = new Exchange(wire);
  wire.onMessage = (bytes) => void exchange.heard(bytes);
  return exchange;
}

async function throughRelay(
  wire: Wire,
  { server }: PathOffer,
  { iceCandidates }: TransportParameters,
  signal: AbortSignal,
): Promise<Exchange> {
  const udp = iceCandidates.filter(({ protocol }) => protocol === 'udp');
  const peer = udp.find(({ address }) => isIP(address) === 4) ?? udp[0];
  if (!peer) throw new Error('the media node offers no UDP, which a relay needs');
  const credentials = { username: server?.username ?? '', credential: server?.credential ?? '' };
  const allocation = await TurnAllocation.make(wire, { credentials, peer: peer.address, signal });
  await allocation.permit(peer.address, signal);
  const exchange = new Exchange({
    reliable: false,
    send: (message) => allocation.send(peer.address, peer.port, message),
  });
  allocation.onData = (data) => void exchange.heard(data);
  return exchange;
}

function bindingRequest({ iceParameters }: TransportParameters) {
  const { usernameFragment, password } = iceParameters;
  return {
    method: 'binding' as const,
    id: randomBytes(12),
    key: Buffer.from(password),
    fingerprint: true,
    attributes: [
      [attributes.username, Buffer.from(`${usernameFragment}:holdfastcheck`)],
      [attributes.priority, uint32(PRIORITY)],
      [attributes.iceControlling, randomBytes(8)],
    ] as const,
  };
}

const failed = (why: string): PathTried => ({ works: false, roundTripMs: null, why });

const rounded = (ms: number) => Math.round(ms * 10) / 10;

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
