import type { ErrorCode, MediaSource } from '../protocol/index.ts';

/** Somebody in the meeting on the node that it leaves, as the meeting says. */
export interface PersonSeen {
  readonly participantId: string;
  /** The connection of the gateway that speaks for the old leg; undefined: it is gone. */
  readonly link: string | undefined;
  /** Sources that are published and not muted. */
  readonly sending: readonly MediaSource[];
  /** Media flows on the old leg. Where none does the move can cut nothing, and nobody is waited for. */
  readonly flows: boolean;
}

/** How far somebody is with the second leg, and whether they can be told anything. */
export interface Person extends PersonSeen {
  readonly secondLeg: 'none' | 'asked' | 'open';
  /** Not to be asked before this time. */
  readonly askAtMs: number;
  /** When the present connection was asked first; undefined: not yet. */
  readonly askedAtMs: number | undefined;
  /**
   * They cannot be told just now: their gateway is gone, or it says that they are away. They are waited for until this
   * time and no longer: who comes back later finds the meeting where it lives then. undefined: they can be told.
   */
  readonly waitUntilMs: number | undefined;
  /**
   * They were out of reach in this move: until this time they are waited for, and no longer, though they may be back and on
   * the way. Whoever comes back late must not hold up everybody else; the old leg serves until the commit, and the second
   * one from then on. undefined: as long as everybody.
   */
  readonly catchUpUntilMs: number | undefined;
}

export type People = ReadonlyMap<string, Person>;

/** How long people who cannot be told are waited for, ms. */
export interface Patience {
  /** From the question, or from when their gateway was gone: until they are back. */
  readonly comeBackMs: number;
  /** And so much more, until they have caught up with everybody else. */
  readonly catchUpMs: number;
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
  { comeBackMs, catchUpMs, comeBackTogetherMs }: Patience,
): People {
  const together = linksOf(people).size === 0;
  const graceUntilMs = nowMs + (together ? comeBackTogetherMs : comeBackMs);
  // Where nobody can be told nobody holds up the others.
  const alone = now.every(({ link }) => link === undefined);
  const next = now.map((person) => merged(people.get(person.participantId), person));
  return new Map(next.map((person) => [person.participantId, person]));

  function merged(before: Person | undefined, person: PersonSeen): Person {
    const gone = person.link === undefined;
    if (!before || (!gone && person.link !== before.link)) {
      // Another connection speaks for them: whatever made them unreachable is over.
      const secondLeg = before?.secondLeg === 'open' ? 'open' : 'none';
      const waitUntilMs = gone ? graceUntilMs : undefined;
      const catchUpUntilMs = catchUpUntil(before, gone);
      return { ...person, secondLeg, askAtMs: nowMs, askedAtMs: undefined, waitUntilMs, catchUpUntilMs };
    }
    if (!gone) return { ...before, ...person };
    // Those who are not the first to be back get their moment from then on.
    const waitUntilMs = together ? graceUntilMs : (before.waitUntilMs ?? graceUntilMs);
    const justGone = before.waitUntilMs === undefined;
    return { ...before, ...person, waitUntilMs, catchUpUntilMs: catchUpUntil(before, justGone) };
  }

  function catchUpUntil(before: Person | undefined, justGone: boolean): number | undefined {
    if (alone) return undefined;
    return before?.catchUpUntilMs ?? (justGone ? graceUntilMs + catchUpMs : undefined);
  }
}

/** These were asked to open the second leg. */
export function asked(people: People, participantIds: readonly string[], nowMs: number): People {
  return changed(people, participantIds, ({ askedAtMs = nowMs }) => ({ secondLeg: 'asked', askedAtMs }));
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
  why: { readonly code: string; readonly askAtMs: number },
  nowMs: number,
  patience: Patience,
): People {
  return changed(people, participantIds, (person) => {
    // By another way they have it meanwhile.
    if (person.secondLeg === 'open') return {};
    const again = { secondLeg: 'none', askAtMs: why.askAtMs } as const;
    return awayCodes.has(why.code) ? { ...again, ...outOfReach(person, nowMs, patience) } : again;
  });
}

/**
 * Their gateway has lost them. Mostly they are back in a moment, so they have at least the time to catch up; who goes again
 * and again has it once.
 */
export function away(
  people: People,
  participantId: string,
  { nowMs, askAtMs }: { readonly nowMs: number; readonly askAtMs: number },
  patience: Patience,
): People {
  return changed(people, [participantId], (person) => {
    const soonestMs = Math.max(outOfReach(person, nowMs, patience).waitUntilMs, nowMs + patience.catchUpMs);
    const catchUpUntilMs = person.catchUpUntilMs ?? soonestMs + patience.catchUpMs;
    const waitUntilMs = Math.min(soonestMs, catchUpUntilMs);
    return { secondLeg: 'none', askAtMs, waitUntilMs, catchUpUntilMs };
  });
}

/**
 * From the question on, not from its answer: a gateway takes a while to find that a browser does not answer. Whoever answers
 * the second question was only slow, and is waited for like everybody.
 */
function outOfReach(
  { askedAtMs, waitUntilMs, catchUpUntilMs }: Person,
  nowMs: number,
  { comeBackMs, catchUpMs }: Patience,
): { readonly waitUntilMs: number; readonly catchUpUntilMs: number | undefined } {
  const untilMs = waitUntilMs ?? (askedAtMs ?? nowMs) + comeBackMs;
  const again = waitUntilMs !== undefined;
  return {
    waitUntilMs: untilMs,
    catchUpUntilMs: catchUpUntilMs ?? (again ? untilMs + catchUpMs : undefined),
  };
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

/** Who can be told and is waited for, and what each is sending. */
export function reachable(people: People, nowMs: number): Map<string, readonly MediaSource[]> {
  const present = [...people.values()].filter(
    (person) => person.flows && person.waitUntilMs === undefined && !isLate(person, nowMs),
  );
  return new Map(present.map(({ participantId, sending }) => [participantId, sending]));
}

/** Who is back, and has had the time to catch up. */
const isLate = ({ waitUntilMs, catchUpUntilMs }: Person, nowMs: number): boolean =>
  waitUntilMs === undefined && catchUpUntilMs !== undefined && nowMs >= catchUpUntilMs;

/** Who is not waited for any longer. */
export function leftOut(people: People, nowMs: number): string[] {
  return [...people.values()]
    .filter((person) => (person.waitUntilMs ?? Number.POSITIVE_INFINITY) <= nowMs || isLate(person, nowMs))
    .map(({ participantId }) => participantId);
}

/** Until when those who are back have time to catch up. */
export function catchingUp(people: People, nowMs: number): number[] {
  return [...people.values()].flatMap(({ waitUntilMs, catchUpUntilMs = 0 }) =>
    waitUntilMs === undefined && catchUpUntilMs > nowMs ? [catchUpUntilMs] : [],
  );
}

/** Until when each of those is waited for who cannot be told just now; who was waited for long enough is left out. */
export function comingBack(people: People, nowMs: number): number[] {
  return [...people.values()].flatMap(({ flows, waitUntilMs = 0 }) =>
    flows && waitUntilMs > nowMs ? [waitUntilMs] : [],
  );
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
