import { FREEZE_MS, freezesIn, type Gap, largestGap, type Window } from './gaps.ts';
import type { Watched } from './participants.ts';
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

/**
 * The largest gap of the move less the stream's own steady one, ms. A picture that had frozen before counts as steady at
 * the limit of a freeze: it must not make the move look good.
 */
export function extraGapMs(stream: Pick<MeasuredStream, 'steadyMaxGapMs' | 'handoverMaxGapMs'>): number {
  return (stream.handoverMaxGapMs ?? 0) - Math.min(stream.steadyMaxGapMs ?? 0, FREEZE_MS);
}

/** What every page recorded since `sinceMs`, read once so that both windows are judged on the same records. */
export async function readScreens(people: readonly Watched[], sinceMs: number) {
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

/** Judges a move: each stream of the meetings that moved, against its own steady window. */
export function measureMove(
  screens: Screens,
  moved: ReadonlySet<string>,
  steady: Window,
  move: Window,
): MeasuredStream[] {
  const measured: MeasuredStream[] = [];
  for (const { screen, sender, frames } of pairsOf(screens)) {
    if (!moved.has(sender.meeting)) continue;
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
    const sound = soundOf(screen, sender.name);
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
  /** Participants who are gone or miss a stream. */
  readonly affected: number;
  /** In words. */
  readonly details: readonly string[];
}

/**
 * Who is not in its meeting any more, and which streams do not run: pictures without a frame in the last `withinMs`
 * before `atMs`, sound without a packet between this reading and the one before.
 */
export function lossesIn(before: Screens, screens: Screens, atMs: number, withinMs: number): Losses {
  const sinceMs = atMs - withinMs;
  const gone = screens.filter(({ diagnostics }) => diagnostics === undefined || diagnostics.state === 'left');
  const details = gone.map(({ viewer }) => `${viewer.name} is no longer in ${viewer.meeting}`);
  const affected = new Set(gone.map(({ viewer }) => viewer.name));
  let streams = 0;
  for (const { screen, sender, frames } of pairsOf(screens)) {
    const { viewer } = screen;
    const earlier = before.find((one) => one.viewer === viewer);
    const running = (frames.at(-1)?.atMs ?? 0) >= sinceMs;
    const [soundBefore, sound] = [soundOf(earlier, sender.name), soundOf(screen, sender.name)];
    // On another leg packets are counted anew.
    const heardBefore = soundBefore?.legId === sound?.legId ? (soundBefore?.packetsReceived ?? 0) : 0;
    const heard = (sound?.packetsReceived ?? 0) > heardBefore;
    if (!running) details.push(`${viewer.name} no longer sees ${sender.name}`);
    if (!heard) details.push(`${viewer.name} no longer hears ${sender.name}`);
    if (!running || !heard) affected.add(viewer.name);
    streams += (running ? 0 : 1) + (heard ? 0 : 1);
  }
  return { participants: gone.length, streams, affected: affected.size, details };
}

/** Somebody's sound as a screen plays it. */
function soundOf(screen: Screens[number] | undefined, sender: string) {
  return screen?.diagnostics?.streams.find(
    ({ displayName, source }) => displayName === sender && source === 'microphone',
  );
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
