import type { MediaSource } from '../protocol/index.ts';

/**
 * Keeps count of a handover: it may be committed once everybody who is waited for has published on the new leg and takes
 * every stream that flows from there. Muted, closed and departed ones count as done, because what is expected is what the
 * meeting is at each moment. Counters instead of lists: in a meeting of a hundred people there are ten thousand pairs,
 * and each of them reports. Reports and news of the meeting may come in any order.
 */
export interface HandoverTally {
  /** Who is waited for, and the sources each is sending: published and not muted. */
  readonly expected: ReadonlyMap<string, readonly MediaSource[]>;
  readonly published: ReadonlySet<string>;
  /** Receiver → the streams it takes from the new leg. */
  readonly switched: ReadonlyMap<string, ReadonlySet<string>>;
  /** People who have not published yet. */
  readonly unpublished: number;
  /** Streams that somebody still takes from the old leg. */
  readonly unswitched: number;
}

export const emptyTally: HandoverTally = {
  expected: new Map(),
  published: new Set(),
  switched: new Map(),
  unpublished: 0,
  unswitched: 0,
};

export function published(tally: HandoverTally, participantId: string): HandoverTally {
  if (tally.published.has(participantId)) return tally;
  const unpublished = tally.unpublished - (tally.expected.has(participantId) ? 1 : 0);
  return { ...tally, published: new Set(tally.published).add(participantId), unpublished };
}

export function switched(
  tally: HandoverTally,
  receiver: string,
  sender: string,
  source: MediaSource,
): HandoverTally {
  const before = tally.switched.get(receiver);
  const stream = streamOf(sender, source);
  if (before?.has(stream)) return tally;
  const wanted = tally.expected.has(receiver) && tally.expected.get(sender)?.includes(source);
  return {
    ...tally,
    switched: new Map(tally.switched).set(receiver, new Set(before).add(stream)),
    unswitched: tally.unswitched - (wanted && receiver !== sender ? 1 : 0),
  };
}

/** The meeting is like this now. Costs as much as has changed. */
export function expecting(
  tally: HandoverTally,
  people: ReadonlyMap<string, readonly MediaSource[]>,
): HandoverTally {
  const expected = new Map(tally.expected);
  let { unpublished, unswitched } = tally;
  for (const participantId of new Set([...tally.expected.keys(), ...people.keys()])) {
    const sending = people.get(participantId);
    if (sameSources(expected.get(participantId), sending)) continue;
    const unknown = tally.published.has(participantId) ? 0 : 1;
    if (expected.has(participantId)) {
      unswitched -= streamsMissing(tally, expected, participantId);
      unpublished -= unknown;
      expected.delete(participantId);
    }
    if (sending) {
      expected.set(participantId, sending);
      unswitched += streamsMissing(tally, expected, participantId);
      unpublished += unknown;
    }
  }
  return { ...tally, expected, unpublished, unswitched };
}

/** What is still to happen, in words for the log; nothing: it may be committed. At most `limit` of them. */
export function missing(tally: HandoverTally, limit: number): string[] {
  const words: string[] = [];
  for (const receiver of tally.expected.keys()) {
    if (!tally.published.has(receiver)) words.push(`${receiver} to publish`);
    for (const [sender, sources] of tally.expected) {
      if (sender === receiver) continue;
      for (const source of sources) {
        if (!takes(tally, receiver, sender, source))
          words.push(`${receiver} to switch ${sender}'s ${source}`);
      }
    }
    if (words.length >= limit) break;
  }
  return words.slice(0, limit);
}

/** How many streams from and to this participant are still taken from the old leg. */
function streamsMissing(
  tally: HandoverTally,
  expected: ReadonlyMap<string, readonly MediaSource[]>,
  participantId: string,
): number {
  const own = expected.get(participantId) ?? [];
  let count = 0;
  for (const [other, sources] of expected) {
    if (other === participantId) continue;
    for (const source of sources) if (!takes(tally, participantId, other, source)) count += 1;
    for (const source of own) if (!takes(tally, other, participantId, source)) count += 1;
  }
  return count;
}

function takes(tally: HandoverTally, receiver: string, sender: string, source: MediaSource): boolean {
  return tally.switched.get(receiver)?.has(streamOf(sender, source)) === true;
}

const streamOf = (sender: string, source: MediaSource) => `${source} ${sender}`;

function sameSources(a: readonly MediaSource[] | undefined, b: readonly MediaSource[] | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every((source) => b.includes(source));
}
