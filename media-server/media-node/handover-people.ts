import type { ErrorCode, MediaSource } from '../protocol/index.ts';

/** Somebody in the meeting on the node that it leaves, as the meeting says. */
export interface PersonSeen {
  readonly participantId: string;
  /** The connection of the gateway that speaks for the old leg; undefined: it is gone. */
  readonly link: string | undefined;
  /** Sources that are published and not muted. */
  readonly sending: readonly MediaSource[];
}

/** How far somebody is with the second leg, and whether they can be told anything. */
export interface Person extends PersonSeen {
  readonly secondLeg: 'none' | 'asked' | 'open';
  /** Not to be asked before this time. */
  readonly askAtMs: number;
  /**
   * They cannot be told just now: their gateway is gone, or it says that they are away. They are waited for until this
   * time and no longer: who comes back later finds the meeting where it lives then. undefined: they can be told.
   */
  readonly waitUntilMs: number | undefined;
}

export type People = ReadonlyMap<string, Person>;

/** How long people who cannot be told are waited for, ms. */
export interface Patience {
  readonly comeBackMs: number;
  /** Where all gateways were gone at once: clients that were refused for a while try again later and later. */
  readonly comeBackTogetherMs: number;
}

/** What a gateway says of somebody who is between two connections, or whom it has never seen. */
const awayCodes: ReadonlySet<string> = new Set<ErrorCode>(['CONNECTION_CLOSED', 'SESSION_UNKNOWN']);

/** The meeting is like this now. */
export function seen(
  people: People,
  now: readonly PersonSeen[],
  nowMs: number,
  { comeBackMs, comeBackTogetherMs }: Patience,
): People {
  const together = linksOf(people).size === 0;
  const graceUntilMs = nowMs + (together ? comeBackTogetherMs : comeBackMs);
  const next = now.map((person) => merged(people.get(person.participantId), person));
  return new Map(next.map((person) => [person.participantId, person]));

  function merged(before: Person | undefined, person: PersonSeen): Person {
    const gone = person.link === undefined;
    if (!before || (!gone && person.link !== before.link)) {
      // Another connection speaks for them: whatever made them unreachable is over.
      const secondLeg = before?.secondLeg === 'open' ? 'open' : 'none';
      return { ...person, secondLeg, askAtMs: nowMs, waitUntilMs: gone ? graceUntilMs : undefined };
    }
    if (!gone) return { ...before, ...person };
    // Those who are not the first to be back get their moment from then on.
    const waitUntilMs = together ? graceUntilMs : (before.waitUntilMs ?? graceUntilMs);
    return { ...before, ...person, waitUntilMs };
  }
}

/** These were asked to open the second leg. */
export function asked(people: People, participantIds: readonly string[]): People {
  return changed(people, participantIds, () => ({ secondLeg: 'asked' }));
}

/** They have the second leg: their gateway says so, or they report from it. */
export function opened(people: People, participantIds: readonly string[]): People {
  return changed(people, participantIds, (person) => ({
    secondLeg: 'open',
    waitUntilMs: person.link === undefined ? person.waitUntilMs : undefined,
  }));
}

/** The second leg could not be opened; it is asked for again. */
export function refused(
  people: People,
  participantIds: readonly string[],
  why: { readonly code: string; readonly askAtMs: number; readonly waitUntilMs: number },
): People {
  return changed(people, participantIds, (person) => {
    // By another way they have it meanwhile.
    if (person.secondLeg === 'open') return {};
    const away = awayCodes.has(why.code) ? why.waitUntilMs : undefined;
    return { secondLeg: 'none', askAtMs: why.askAtMs, waitUntilMs: person.waitUntilMs ?? away };
  });
}

function changed(
  people: People,
  participantIds: readonly string[],
  change: (person: Person) => Partial<Person>,
): People {
  const next = new Map(people);
  for (const participantId of participantIds) {
    const person = next.get(participantId);
    if (person) next.set(participantId, { ...person, ...change(person) });
  }
  return next;
}

/** The gateways that can be told. */
export function linksOf(people: People): Set<string> {
  return new Set([...people.values()].flatMap(({ link }) => (link === undefined ? [] : [link])));
}

/** Who can be told, and what each is sending: they are waited for. */
export function reachable(people: People): Map<string, readonly MediaSource[]> {
  const present = [...people.values()].filter(({ waitUntilMs }) => waitUntilMs === undefined);
  return new Map(present.map(({ participantId, sending }) => [participantId, sending]));
}

/** Until when each of those is waited for who cannot be told just now; who was waited for long enough is left out. */
export function comingBack(people: People, nowMs: number): number[] {
  return [...people.values()].flatMap(({ waitUntilMs = 0 }) => (waitUntilMs > nowMs ? [waitUntilMs] : []));
}

/** Who shall be asked now to open the second leg, by gateway. */
export function toAsk(people: People, nowMs: number): Map<string, string[]> {
  const byLink = new Map<string, string[]>();
  for (const { participantId, link, secondLeg, askAtMs } of people.values()) {
    if (link === undefined || secondLeg !== 'none' || nowMs < askAtMs) continue;
    byLink.set(link, [...(byLink.get(link) ?? []), participantId]);
  }
  return byLink;
}
