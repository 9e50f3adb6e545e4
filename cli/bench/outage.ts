import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { LocalPlatform } from '../local/local-platform.ts';
import type { Gathering } from '../observe/gathering.ts';
import { table } from '../observe/table.ts';
import { GapWatch, type WorstGaps, worstOf } from './gap-watch.ts';
import { joinAsNewcomer } from './join-everywhere.ts';
import { onPlatform, type Say } from './on-platform.ts';
import type { Judged } from './single-bench.ts';
import { number, type Target, target, targetTable, verdict } from './targets.ts';

export interface OutageOptions {
  readonly participants: number;
  readonly seconds: number;
}

export interface Outage {
  /** `stopped`: SIGSTOP and SIGCONT; `killed`: SIGKILL, and a new one at the end. */
  readonly how: 'stopped' | 'killed';
  readonly gaps: WorstGaps;
  /** From SIGCONT, or the start of the new one, until a newcomer was in the meeting with everybody, ms; null: never. */
  readonly joinedAfterMs: number | null;
  readonly lost: { readonly participants: number; readonly streams: number };
}

export interface OutageNumbers extends OutageOptions {
  readonly steady: WorstGaps;
  readonly outages: readonly Outage[];
}

const STEADY_MS = 10_000;
const LAP_MS = 10_000;
const JOIN_LIMIT_MS = 30_000;
const BETWEEN_JOINS_MS = 50;
/** Until pages have taken up their sessions again, ms. */
const RESUMED_MS = 15_000;

/** A meeting whose control plane is gone for a while: what people see meanwhile, and when newcomers can join again. */
export async function benchOutage(
  browser: Browser,
  options: OutageOptions,
  signal: AbortSignal,
  say: Say,
): Promise<OutageNumbers> {
  return onPlatform(browser, { ...options, meetings: 1 }, signal, say, async (gathering) => {
    say('watching the meeting undisturbed');
    const calm = new GapWatch(gathering);
    await delay(STEADY_MS, undefined, { signal });
    await calm.lap();
    const outages: Outage[] = [];
    for (const how of ['stopped', 'killed'] as const) {
      const gaps = new GapWatch(gathering);
      const bringBack = await takeAway(gathering.platform, how);
      for (let laps = Math.ceil((options.seconds * 1000) / LAP_MS); laps > 0; laps -= 1) {
        say(`the control plane is ${how}; ${(laps * LAP_MS) / 1000} s to go`);
        await delay(LAP_MS, undefined, { signal });
        await gaps.lap();
      }
      say('joining after its return');
      const returnedAtMs = performance.now();
      const back = bringBack();
      const joinedAfterMs = await joinAgain(gathering, returnedAtMs, signal);
      await back;
      await delay(RESUMED_MS, undefined, { signal });
      await gaps.lap();
      const { participants, streams } = await gathering.losses();
      outages.push({ how, gaps: gaps.worst, joinedAfterMs, lost: { participants, streams } });
    }
    return { ...options, steady: calm.worst, outages };
  });
}

/** Resolves with what brings it back. */
async function takeAway(platform: LocalPlatform, how: Outage['how']): Promise<() => Promise<void>> {
  if (how === 'killed') {
    await platform.killControlPlane();
    return () => platform.restartControlPlane();
  }
  const pid = platform.controlPlanePid;
  if (pid === undefined) throw new Error('there is no control plane');
  process.kill(pid, 'SIGSTOP');
  return async () => {
    process.kill(pid, 'SIGCONT');
  };
}

async function joinAgain(
  { platform, people }: Gathering,
  returnedAtMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  while (performance.now() - returnedAtMs < JOIN_LIMIT_MS) {
    try {
      await joinAsNewcomer(platform.baseUrl, 'meeting-1', 2 * people.length);
      return Math.round(performance.now() - returnedAtMs);
    } catch {
      // Not yet: that is what is measured.
      await delay(BETWEEN_JOINS_MS, undefined, { signal });
    }
  }
  return null;
}

export function judgeOutage({ outages }: OutageNumbers): Target[] {
  return outages.flatMap(({ how, gaps, joinedAfterMs, lost }) => [
    target(`${how}: worst gap at the screens, ms`, worstOf(gaps), 250),
    target(`${how}: a newcomer is in after, ms`, joinedAfterMs ?? Number.POSITIVE_INFINITY, 2000),
    target(`${how}: people and streams lost`, lost.participants + lost.streams, 0),
  ]);
}

export function renderOutage(bench: Judged<OutageNumbers>): string {
  const { machine, participants, seconds, steady, outages, targets } = bench;
  return [
    '',
    `${machine.cores} cores (${machine.model}), Node ${machine.node}; ${participants} people, the control plane gone for ${seconds} s`,
    '',
    ...table(
      ['picture', 'before, ms', ...outages.map(({ how }) => `${how}, ms`)],
      Object.entries(steady.byPicture).map(([picture, gapMs]) => [
        picture,
        number(gapMs),
        ...outages.map(({ gaps }) => number(gaps.byPicture[picture] ?? null)),
      ]),
    ),
    '',
    ...outages.map(({ how, gaps }) => `  longest gap, ${how}: ${gaps.longest}`),
    '',
    ...targetTable(targets),
    '',
    verdict(targets),
    '',
  ].join('\n');
}
