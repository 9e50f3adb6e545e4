import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { Gathering } from '../observe/gathering.ts';
import { type AttackOrder, type AttackTally, addTallies, emptyTally, total } from './abuse/attack.ts';
import { Attacker } from './abuse/attacker.ts';
import { GapWatch, type WorstGaps } from './gap-watch.ts';
import { type JoinsTried, joinAsNewcomer, joinEverywhere } from './join-everywhere.ts';
import { onPlatform, type Say } from './on-platform.ts';
import { type Memory, memoryOf, type PlatformLosses, PlatformWatch } from './platform-watch.ts';

export interface AbuseOptions {
  readonly seed: number;
  /** Half of them by a participant, half by connections that never log in. */
  readonly messages: number;
  readonly connections: number;
}

export interface AbuseNumbers extends AbuseOptions {
  readonly attackMs: number;
  readonly tally: AttackTally;
  readonly losses: PlatformLosses;
  /** The victims' meeting was recovered so many times. */
  readonly recoveries: number;
  /** What the people saw: undisturbed, with the participant in another meeting, and in theirs. */
  readonly people: { readonly steady: WorstGaps; readonly apart: WorstGaps; readonly together: WorstGaps };
  /** People and streams missing afterwards. */
  readonly lost: { readonly participants: number; readonly streams: number };
  /** A newcomer's joins in another meeting, while the attack went on. */
  readonly joinsMeanwhile: JoinsTried & { readonly slowestMs: number };
  readonly joinsAfter: JoinsTried;
  readonly memoryMb: { readonly before: Memory; readonly at: Memory; readonly after: Memory };
}

const STEADY_MS = 10_000;
/** Each of the two attacks takes this long: the participant in a meeting of its own, then in that of the people. */
const ATTACK_MS = 55_000;
const QUIET_MS = 30_000;
const LAP_MS = 5000;

/** Two people talk; a hostile participant and a crowd without a login do what they can. */
export async function benchAbuse(
  browser: Browser,
  options: AbuseOptions,
  signal: AbortSignal,
  say: Say,
): Promise<AbuseNumbers> {
  return onPlatform(browser, { participants: 2, meetings: 1 }, signal, say, async (gathering) => {
    const { platform } = gathering;
    // What is made on the first join must not count as left behind by the attack.
    await joinAsNewcomer(platform.baseUrl, 'warming-up', 0);
    say('watching the meeting undisturbed');
    const calm = new GapWatch(gathering);
    await delay(STEADY_MS, undefined, { signal });
    await calm.lap();
    const before = memoryOf(platform);
    const home = await epochOf(gathering);
    const platformWatch = new PlatformWatch(platform);
    const attacker = new Attacker();
    try {
      let gaps = new GapWatch(gathering);
      let apart = gaps.worst;
      const beganAtMs = performance.now();
      const bystander = new Bystander(platform.baseUrl);
      let tally = emptyTally();
      for (const [part, meetingId] of ['mallorys-own', 'meeting-1'].entries()) {
        const order = orderOf(options, part, meetingId, gathering);
        const over = new AbortController();
        const attack = attacker
          .attack(order, {
            signal,
            progress: (messages) =>
              say(`${total(tally.sent) + messages} messages sent; the participant is in ${meetingId}`),
          })
          .finally(() => over.abort());
        attack.catch(() => {});
        while (!over.signal.aborted) {
          await delay(LAP_MS, undefined, { signal: over.signal }).catch(() => {});
          await gaps.lap();
          await bystander.join();
        }
        tally = addTallies(tally, await attack);
        if (part > 0) continue;
        apart = gaps.worst;
        gaps = new GapWatch(gathering);
      }
      const attackMs = Math.round(performance.now() - beganAtMs);
      const at = memoryOf(platform);
      say('the attack is over; half a minute of quiet');
      await delay(QUIET_MS, undefined, { signal });
      const after = memoryOf(platform);
      await gaps.lap();
      const losses = await gathering.losses();
      const recoveries = (await epochOf(gathering)) - home;
      const platformLosses = await platformWatch.close();
      say('joining everywhere');
      return {
        ...options,
        attackMs,
        tally,
        losses: platformLosses,
        recoveries,
        people: { steady: calm.worst, apart, together: gaps.worst },
        lost: { participants: losses.participants, streams: losses.streams },
        joinsMeanwhile: bystander.joins,
        joinsAfter: await joinEverywhere(gathering, signal),
        memoryMb: { before, at, after },
      };
    } finally {
      attacker.close();
      await platformWatch.close();
    }
  });
}

function orderOf(
  { seed, messages, connections }: AbuseOptions,
  part: number,
  meetingId: string,
  { platform }: Gathering,
): AttackOrder {
  const quarter = Math.ceil(messages / 4);
  return {
    baseUrl: platform.baseUrl,
    apiKey: platform.apiKey,
    meetingId,
    seed: seed + 1_000_003 * part,
    participantMessages: quarter,
    anonymousMessages: quarter,
    connections,
    durationMs: ATTACK_MS,
  };
}

async function epochOf(gathering: Gathering): Promise<number> {
  const meetings = await gathering.api.meetings();
  return meetings.find(({ meetingId }) => meetingId === 'meeting-1')?.epoch ?? 0;
}

/** Somebody who joins a meeting that has nothing to do with it, again and again. */
class Bystander {
  readonly #baseUrl: string;
  readonly #failed: string[] = [];
  #tried = 0;
  #slowestMs = 0;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  get joins(): JoinsTried & { readonly slowestMs: number } {
    return { tried: this.#tried, failed: this.#failed, slowestMs: Math.round(this.#slowestMs) };
  }

  async join(): Promise<void> {
    const beganAtMs = performance.now();
    this.#tried += 1;
    await joinAsNewcomer(this.#baseUrl, 'bystanders', 0).catch((error: unknown) => {
      this.#failed.push(error instanceof Error ? error.message : String(error));
    });
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - beganAtMs);
  }
}
