import { freezesIn, type Gap, largestGap, type Window } from './gaps.ts';
import { nowMs, type ObservedParticipant } from './participants.ts';
import type { StreamRecord } from './records.ts';

/** One remote stream at one screen, in the steady window and in the window of the move. */
export interface MeasuredStream {
  readonly meeting: string;
  readonly from: string;
  readonly to: string;
  readonly kind: 'video' | 'audio';
  /** Video: the longest gap between two shown frames, ms. */
  readonly steadyMaxGapMs: number | null;
  readonly handoverMaxGapMs: number | null;
  readonly freezes: number;
  /** Audio: audible concealment since the switch, ms. */
  readonly concealedMs: number | null;
  /** Where the largest gap of the move came from. */
  readonly worst: Gap | null;
}

/** What every page recorded since `sinceMs`, read once so that both windows are judged on the same records. */
export async function readScreens(people: readonly ObservedParticipant[], sinceMs: number) {
  return Promise.all(
    people.map(async (viewer) => ({
      viewer,
      streams: await viewer.streams(sinceMs),
      diagnostics: await viewer.diagnostics(),
    })),
  );
}
export type Screens = Awaited<ReturnType<typeof readScreens>>;

/** Every (sender, receiver) pair that should be there, whether it was seen or not. */
export function* pairsOf(screens: Screens) {
  for (const screen of screens) {
    for (const { viewer: sender } of screens) {
      if (sender === screen.viewer || sender.meeting !== screen.viewer.meeting) continue;
      const stream: StreamRecord | undefined = screen.streams.find(
        ({ from, source }) => from === sender.name && source === 'camera',
      );
      yield { screen, sender, frames: stream?.frames ?? [] };
    }
  }
}

/** Judges a move: each stream against its own steady window. */
export function measureMove(screens: Screens, steady: Window, move: Window): MeasuredStream[] {
  const measured: MeasuredStream[] = [];
  for (const { screen, sender, frames } of pairsOf(screens)) {
    const names = { meeting: sender.meeting, from: sender.name, to: screen.viewer.name };
    const worst = largestGap(frames, move);
    measured.push({
      ...names,
      kind: 'video',
      steadyMaxGapMs: Math.round(largestGap(frames, steady).lengthMs),
      handoverMaxGapMs: Math.round(worst.lengthMs),
      freezes: freezesIn(frames, move),
      concealedMs: null,
      worst,
    });
    const sound = screen.diagnostics?.streams.find(
      ({ displayName, source }) => displayName === sender.name && source === 'microphone',
    );
    measured.push({
      ...names,
      kind: 'audio',
      steadyMaxGapMs: null,
      handoverMaxGapMs: null,
      freezes: 0,
      concealedMs:
        sound?.concealedSinceSwitchMs === undefined ? null : Math.round(sound.concealedSinceSwitchMs),
      worst: null,
    });
  }
  return measured;
}

export interface Losses {
  readonly participants: number;
  readonly streams: number;
  /** In words. */
  readonly details: readonly string[];
}

/** Who is not in its meeting any more, and which streams do not run (no frame in the last `withinMs`). */
export function lossesIn(screens: Screens, withinMs: number): Losses {
  const sinceMs = nowMs() - withinMs;
  const gone = screens.filter(({ diagnostics }) => diagnostics === undefined || diagnostics.state === 'left');
  const details = gone.map(({ viewer }) => `${viewer.name} is no longer in ${viewer.meeting}`);
  let streams = 0;
  for (const { screen, sender, frames } of pairsOf(screens)) {
    const running = (frames.at(-1)?.atMs ?? 0) >= sinceMs;
    const heard = screen.diagnostics?.streams.some(
      ({ displayName, source }) => displayName === sender.name && source === 'microphone',
    );
    if (!running) details.push(`${screen.viewer.name} no longer sees ${sender.name}`);
    if (!heard) details.push(`${screen.viewer.name} no longer hears ${sender.name}`);
    streams += (running ? 0 : 1) + (heard ? 0 : 1);
  }
  return { participants: gone.length, streams, details };
}

/**
 * For each picture: how long after the kill it ran again, ms (the end of the longest standstill that the kill caused);
 * Infinity when it never did within the window.
 */
export function returnTimesMs(screens: Screens, killedAtMs: number, untilMs: number): number[] {
  const times: number[] = [];
  for (const { frames } of pairsOf(screens)) {
    const worst = largestGap(frames, { fromMs: killedAtMs, toMs: untilMs });
    times.push(worst.endedAtMs >= untilMs ? Number.POSITIVE_INFINITY : worst.endedAtMs - killedAtMs);
  }
  return times;
}
