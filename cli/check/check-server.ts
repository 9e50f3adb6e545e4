import { randomBytes } from 'node:crypto';
import { offersOf, type PathOffer } from '@holdfast/media-server/client/path-offers.ts';
import { mediaPath } from '@holdfast/media-server/protocol/index.ts';
import { hostAndPort, type PathOutcome } from '@holdfast/media-server/web/lib/check-words.ts';
import { ProtocolParticipant } from '../observe/protocol-participant.ts';
import { type PathTried, tryPath } from './try-path.ts';

/** One address of one way, tried. */
export interface TriedAddress extends PathTried {
  readonly path: PathOffer['path'];
  readonly at: string;
}

export interface ServerCheck {
  readonly url: string;
  readonly signalling: {
    readonly works: boolean;
    /** From nothing until the server had let us in, ms. */
    readonly joinMs: number | null;
    readonly roundTripMs: number | null;
    readonly why: string | null;
  };
  /** Empty when signalling does not work: nobody has said where the ways lead. */
  readonly addresses: readonly TriedAddress[];
}

const PATH_LIMIT_MS = 5000;
const PINGS = 3;

/**
 * Tries signalling, then all ways for media at once.
 * @param token of a participant; without one the server must let in everybody (`openJoin`)
 */
export async function checkServer(url: string, token?: string): Promise<ServerCheck> {
  const startedAtMs = performance.now();
  let participant: ProtocolParticipant;
  try {
    participant =
      token === undefined
        ? await ProtocolParticipant.join(url, `check-${randomBytes(6).toString('hex')}`, 'Network check')
        : await ProtocolParticipant.enter(url, token);
  } catch (error) {
    const why = wordsOf(error);
    return { url, signalling: { works: false, joinMs: null, roundTripMs: null, why }, addresses: [] };
  }
  try {
    const joinMs = Math.round(performance.now() - startedAtMs);
    const roundTripMs = await roundTrip(participant);
    const { iceServers, recvTransport } = participant.leg;
    const offers = offersOf({ iceServers, iceCandidates: recvTransport.iceCandidates });
    const addresses = await Promise.all(
      offers.map(async (offer) => ({
        path: offer.path,
        at: hostAndPort(offer.host, offer.port),
        ...(await tryPath(offer, recvTransport, PATH_LIMIT_MS)),
      })),
    );
    await participant.leave().catch(() => {});
    return { url, signalling: { works: true, joinMs, roundTripMs, why: null }, addresses };
  } finally {
    participant.close();
  }
}

/** By path: it works when one of its addresses does, and then the others are nobody's concern. */
export function outcomesOf(addresses: readonly TriedAddress[]): PathOutcome[] {
  return mediaPath.options.flatMap((path) => {
    const tried = addresses.filter((address) => address.path === path);
    if (tried.length === 0) return [];
    const times = tried.flatMap(({ roundTripMs }) => roundTripMs ?? []);
    return {
      path,
      at: tried.map(({ at }) => at),
      works: tried.some(({ works }) => works),
      roundTripMs: times.length === 0 ? null : Math.min(...times),
    };
  });
}

async function roundTrip(participant: ProtocolParticipant): Promise<number> {
  const times: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) {
    const sentAtMs = performance.now();
    await participant.request('ping', {});
    times.push(performance.now() - sentAtMs);
  }
  return Math.round(Math.min(...times) * 10) / 10;
}

/** What `fetch` says is in the cause of what it throws. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
