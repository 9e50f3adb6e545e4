import { type MediaPath, mediaPath } from '../../protocol/values.ts';
import type { PlainWords } from './plain-words.ts';

/** What was found of one way for media. */
export interface PathOutcome {
  readonly path: MediaPath;
  /** Where it leads, "HOST:PORT". */
  readonly at: readonly string[];
  readonly works: boolean;
  readonly roundTripMs: number | null;
}

export interface Verdict extends PlainWords {
  /** The path that a meeting will take; undefined: none. */
  readonly willUse: MediaPath | undefined;
  /** What the network's administrator would have to open for the best path, the best first; empty: nothing. */
  readonly toOpen: readonly string[];
}

/** How browsers choose among those that work: straight ways first, and UDP before TCP. */
const preference: readonly MediaPath[] = mediaPath.options;

/** What a network lets through, for somebody who does not know what a firewall is, and for somebody who does. */
export function verdict(outcomes: readonly PathOutcome[]): Verdict {
  const willUse = preference.find((path) => outcomes.some((one) => one.path === path && one.works));
  const better = willUse === undefined ? preference : preference.slice(0, preference.indexOf(willUse));
  const blocked = outcomes.filter(({ path, works }) => !works && better.includes(path));
  // TCP is no better than a relay over UDP; whoever opens something opens UDP.
  const toOpen = willUse === 'udp' ? [] : blocked.flatMap(openingWords);
  return { ...words(willUse, outcomes.length > 0), willUse, toOpen };
}

function words(willUse: MediaPath | undefined, anyOffered: boolean): PlainWords {
  switch (willUse) {
    case 'udp':
      return {
        title: 'This network is good for meetings',
        advice: 'Sound and picture go straight to the server. Nothing has to be changed.',
      };
    case 'tcp':
    case 'turn-udp':
      return {
        title: 'Meetings work from this network, by a detour',
        advice: 'Sound and picture may come a little later than they could.',
      };
    case 'turn-tcp':
    case 'turn-tls':
      return {
        title: 'Meetings work from this network, but not as well as they could',
        advice:
          'The firewall leaves only the ways of web pages. When it is busy, pictures stop and sound breaks off.',
      };
    case undefined:
      return anyOffered
        ? {
            title: 'Meetings do not work from this network',
            advice:
              'Its firewall lets neither sound nor picture through. Try another network, a mobile one for example.',
          }
        : { title: 'Nothing could be tried', advice: 'The server has named no way for sound and picture.' };
  }
}

const openings: Readonly<Record<MediaPath, (at: string) => string>> = {
  udp: (at) => `UDP to ${at}, the media server itself`,
  tcp: (at) => `TCP to ${at}, the media server itself`,
  'turn-udp': (at) => `UDP to ${at}, the TURN server`,
  'turn-tcp': (at) => `TCP to ${at}, the TURN server`,
  'turn-tls': (at) => `TCP to ${at}, the TURN server (TLS, without a proxy that opens it)`,
};

const openingWords = ({ path, at }: PathOutcome): string[] => at.map((each) => openings[path](each));

/** "203.0.113.10:40000", "[2001:db8::10]:40000" */
export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
