import type { Browser } from 'playwright-core';
import { type Distribution, distribution, largestGap } from '../observe/gaps.ts';
import type { Gathering } from '../observe/gathering.ts';
import { pairsOf } from '../observe/measure.ts';
import { nowMs, ObservedParticipant, waitUntilAllSeen } from '../observe/participants.ts';
import { SilentProxy } from '../observe/silent-proxy.ts';
import { onPlatform, type Say } from './on-platform.ts';

/** From the drain until the node held no meeting, ms, in meetings of three. */
export interface EmptyingNumbers {
  readonly rounds: number;
  readonly everybodyThereMs: Distribution;
  /** Somebody's page is gone without a word, and the WebSocket with it. */
  readonly oneAwayMs: Distribution;
  /** Somebody's WebSocket is dead and looks open; media flows. */
  readonly oneSilentMs: Distribution;
  /** By who is not reached: the slowest round, less the median with everybody there. */
  readonly extraMs: { readonly oneAway: number | null; readonly oneSilent: number | null };
  /**
   * The longest standstill of any picture from the drain until everybody was on another node, ms: whoever is behind the dead
   * WebSocket hears of the move only on a second one.
   */
  readonly standstillMs: { readonly everybodyThere: Distribution; readonly oneSilent: Distribution };
  /** Put out although they were there, and streams that did not run afterwards. */
  readonly lost: { readonly participants: number; readonly streams: number };
}

interface Round {
  readonly emptyMs: number;
  readonly standstillMs: number;
}
type Rounds = Readonly<Record<'everybodyThere' | 'oneSilent' | 'oneAway', Round[]>>;

const SEEN_LIMIT_MS = 60_000;

/** Empties the node of a meeting whose people are all there, one is away, or one is behind a dead WebSocket. */
export async function benchEmptying(
  browser: Browser,
  rounds: number,
  signal: AbortSignal,
  say: Say,
): Promise<EmptyingNumbers> {
  return onPlatform(browser, { participants: 2, meetings: 1 }, signal, say, async (gathering) => {
    const proxy = await SilentProxy.start(gathering.platform.baseUrl);
    try {
      const join = async (name: string, baseUrl: string) => {
        const person = await ObservedParticipant.join(browser, baseUrl, 'meeting-1', name);
        gathering.people.push(person);
        await allSeen(gathering, signal);
        return person;
      };
      const lost = { participants: 0, streams: 0 };
      const round = async (title: string, rounds: Round[], before: () => Promise<void> | void) => {
        await before();
        const { node, fromMs, emptyMs } = await gathering.empty();
        await gathering.left(node.nodeId);
        await allSeen(gathering, signal);
        const standstillMs = await longestStandstillMs(gathering, fromMs);
        const { participants, streams, details } = await gathering.losses();
        lost.participants += participants;
        lost.streams += streams;
        rounds.push({ emptyMs, standstillMs });
        await gathering.refill();
        const figures = `empty after ${Math.round(emptyMs)} ms, a picture stood still for ${Math.round(standstillMs)} ms`;
        say([`${title}: ${figures}`, ...details].join('; '));
      };
      const all: Rounds = { everybodyThere: [], oneSilent: [], oneAway: [] };
      await join('Sam', proxy.baseUrl);
      for (let index = 1; index <= rounds; index += 1) {
        await round('everybody is there', all.everybodyThere, () => {});
        await round('one is behind a dead WebSocket', all.oneSilent, () => proxy.swallow());
      }
      for (let index = 1; index <= rounds; index += 1) {
        const leaver = await join(`Max ${index}`, gathering.platform.baseUrl);
        await round('one is away', all.oneAway, async () => {
          gathering.people.splice(gathering.people.indexOf(leaver), 1);
          await leaver.vanish();
        });
      }
      return summarise(rounds, all, lost);
    } finally {
      await proxy.close();
    }
  });
}

async function longestStandstillMs(gathering: Gathering, fromMs: number): Promise<number> {
  const window = { fromMs, toMs: nowMs() };
  const pairs = [...pairsOf(await gathering.screens(fromMs - 1000))];
  return Math.max(0, ...pairs.map(({ frames }) => largestGap(frames, window).lengthMs));
}

function summarise(rounds: number, all: Rounds, lost: EmptyingNumbers['lost']): EmptyingNumbers {
  const of = (list: readonly Round[], figure: keyof Round) =>
    distribution(list.map((round) => Math.round(round[figure])));
  const [everybodyThereMs, oneAwayMs, oneSilentMs] = [
    of(all.everybodyThere, 'emptyMs'),
    of(all.oneAway, 'emptyMs'),
    of(all.oneSilent, 'emptyMs'),
  ];
  const extra = ({ max }: Distribution) =>
    max === null || everybodyThereMs.p50 === null ? null : max - everybodyThereMs.p50;
  return {
    rounds,
    everybodyThereMs,
    oneAwayMs,
    oneSilentMs,
    extraMs: { oneAway: extra(oneAwayMs), oneSilent: extra(oneSilentMs) },
    standstillMs: {
      everybodyThere: of(all.everybodyThere, 'standstillMs'),
      oneSilent: of(all.oneSilent, 'standstillMs'),
    },
    lost,
  };
}

function allSeen(gathering: Gathering, signal: AbortSignal): Promise<void> {
  return waitUntilAllSeen(gathering.people, { steadyMs: 1500, limitMs: SEEN_LIMIT_MS, signal });
}
