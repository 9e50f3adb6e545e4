import type { Browser } from 'playwright-core';
import { type Distribution, distribution } from '../observe/gaps.ts';
import type { Gathering } from '../observe/gathering.ts';
import { ObservedParticipant, waitUntilAllSeen } from '../observe/participants.ts';
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
  /** Put out although they were there, and streams that did not run afterwards. */
  readonly lost: { readonly participants: number; readonly streams: number };
}

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
      const round = async (title: string, times: number[], before: () => Promise<void> | void) => {
        await before();
        times.push((await gathering.empty()).emptyMs);
        await allSeen(gathering, signal);
        const { participants, streams, details } = await gathering.losses();
        lost.participants += participants;
        lost.streams += streams;
        await gathering.refill();
        say([`${title}: empty after ${Math.round(times.at(-1) ?? 0)} ms`, ...details].join('; '));
      };
      const times = { everybodyThere: [] as number[], oneSilent: [] as number[], oneAway: [] as number[] };
      await join('Sam', proxy.baseUrl);
      for (let index = 1; index <= rounds; index += 1) {
        await round('everybody is there', times.everybodyThere, () => {});
        await round('one is behind a dead WebSocket', times.oneSilent, () => proxy.swallow());
      }
      for (let index = 1; index <= rounds; index += 1) {
        const leaver = await join(`Max ${index}`, gathering.platform.baseUrl);
        await round('one is away', times.oneAway, async () => {
          gathering.people.splice(gathering.people.indexOf(leaver), 1);
          await leaver.vanish();
        });
      }
      return summarise(rounds, times, lost);
    } finally {
      await proxy.close();
    }
  });
}

function summarise(
  rounds: number,
  times: Readonly<Record<'everybodyThere' | 'oneSilent' | 'oneAway', readonly number[]>>,
  lost: EmptyingNumbers['lost'],
): EmptyingNumbers {
  const rounded = (list: readonly number[]) => distribution(list.map((ms) => Math.round(ms)));
  const [everybodyThereMs, oneAwayMs, oneSilentMs] = [
    rounded(times.everybodyThere),
    rounded(times.oneAway),
    rounded(times.oneSilent),
  ];
  const extra = ({ max }: Distribution) =>
    max === null || everybodyThereMs.p50 === null ? null : max - everybodyThereMs.p50;
  return {
    rounds,
    everybodyThereMs,
    oneAwayMs,
    oneSilentMs,
    extraMs: { oneAway: extra(oneAwayMs), oneSilent: extra(oneSilentMs) },
    lost,
  };
}

function allSeen(gathering: Gathering, signal: AbortSignal): Promise<void> {
  return waitUntilAllSeen(gathering.people, { steadyMs: 1500, limitMs: SEEN_LIMIT_MS, signal });
}
