import { createHash } from 'node:crypto';
import type { IceServer } from '../../protocol/index.ts';
import { iceServersFor } from './ice-servers.ts';
import type { NamedTurnServer } from './turn-servers.ts';

/** What one participant has been given, and until when its credentials hold. */
export interface IceAssignment {
  /** Names of TURN servers, the first choice first. */
  readonly turn: readonly string[];
  readonly iceServers: readonly IceServer[];
  /** `Infinity`: there is nothing in it that ends. */
  readonly endsAtMs: number;
}

export interface IceTerms {
  /** Told to everybody as they are: STUN. */
  readonly fixed: readonly IceServer[];
  readonly turn: readonly NamedTurnServer[];
  /** Of the media node that it is on; null: not known. */
  readonly zone: string | null;
  /** Its media may flow through one of those it has. False: a path is being sought now. */
  readonly pathStands: boolean;
  readonly credentialSeconds: number;
  readonly nowMs: number;
}

interface Participant {
  readonly meetingId: string;
  readonly participantId: string;
}

/** One to use, one for when that fails while nobody can be asked. More would only gather candidates for longer. */
const TURN_SERVERS = 2;
/** Of their time left, credentials are made anew: whoever cannot be reached just then still has a while. */
const RENEWED_WITH_LEFT = 0.25;

/**
 * What the participant is to have from now on; the same object while that is what it has already. It keeps its TURN servers
 * as long as it may have them, since another one costs an ICE restart, and it keeps them when there is none to go to.
 */
export function iceAssignmentFor(
  participant: Participant,
  before: IceAssignment | undefined,
  terms: IceTerms,
): IceAssignment {
  const { fixed, credentialSeconds, nowMs } = terms;
  const chosen = chooseTurn(participant, before?.turn ?? [], terms);
  if (before && chosen.length === 0) return before;
  const names = chosen.map(({ name }) => name);
  const same = before !== undefined && names.join('\n') === before.turn.join('\n');
  const renewAtMs = (before?.endsAtMs ?? 0) - credentialSeconds * 1000 * RENEWED_WITH_LEFT;
  if (same && nowMs < renewAtMs) return before;
  return {
    turn: names,
    iceServers: [...fixed, ...iceServersFor(participant, chosen, { credentialSeconds, nowMs })],
    endsAtMs: names.length === 0 ? Infinity : nowMs + credentialSeconds * 1000,
  };
}

/**
 * Those it has first. Then those that carry less than they can, those in the zone of its media node, and by a rank that each
 * participant has of its own, so that people spread over the servers.
 */
function chooseTurn(
  { meetingId, participantId }: Participant,
  had: readonly string[],
  { turn, zone, pathStands }: IceTerms,
): NamedTurnServer[] {
  const kept = had.flatMap((name) =>
    turn.filter((server) => server.name === name && (pathStands || !server.doubtful)),
  );
  const others = turn.filter((server) => !server.doubtful && !kept.includes(server));
  // All sessions are looked at every few seconds: nothing is ranked for those who lack nothing.
  if (kept.length >= TURN_SERVERS || others.length === 0) return kept.slice(0, TURN_SERVERS);
  const cost = (server: NamedTurnServer) =>
    (server.full ? 2 : 0) + (zone !== null && server.zone !== zone ? 1 : 0);
  const ranked = others
    .map((server) => ({ server, rank: rankOf(`${meetingId}/${participantId} ${server.name}`) }))
    .sort((a, b) => cost(a.server) - cost(b.server) || (a.rank < b.rank ? -1 : 1))
    .map(({ server }) => server);
  return [...kept, ...ranked].slice(0, TURN_SERVERS);
}

const rankOf = (text: string) => createHash('sha256').update(text).digest('hex');
