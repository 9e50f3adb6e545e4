import type { MediaPath } from '../protocol/values.ts';

/** How sound and picture get to the meeting and back, as far as it is known. Pure. */
export interface PathView {
  readonly path: MediaPath | undefined;
  /** none: media should flow and does not. poor: so slow or lossy that people notice. */
  readonly quality: 'unknown' | 'good' | 'poor' | 'none';
}

/** What was measured since the sample before. */
export interface PathSample {
  readonly path: MediaPath | undefined;
  readonly roundTripMs: number | undefined;
  /** Of the packets sent or received, whichever lost more, 0..1. */
  readonly lostShare: number | undefined;
  /** No leg carries anything though one should. */
  readonly cutOff: boolean;
}

export interface PathState {
  readonly view: PathView;
  /** So many samples in a row speak for the other quality. */
  readonly against: number;
}

export const unknownPath: PathState = { view: { path: undefined, quality: 'unknown' }, against: 0 };

/** People begin to talk at once above it (ITU-T G.114: 400 ms one way is too much for talking). */
const SLOW_MS = 600;
/** Sound conceals less than this; a picture asks for its lost packets again. */
const LOSSY = 0.08;
/** One bad moment is nothing, and one good moment is no cure. */
const SAMPLES_TO_CHANGE = 3;

export function pathAfterSample(state: PathState, sample: PathSample): PathState {
  const { view } = state;
  const path = sample.path ?? view.path;
  const measured = qualityOf(sample);
  if (measured === undefined) return { view: { ...view, path }, against: state.against };
  if (measured === view.quality) return { view: { path, quality: measured }, against: 0 };
  const against = state.against + 1;
  return against >= SAMPLES_TO_CHANGE || isNewsAtOnce(view.quality, measured)
    ? { view: { path, quality: measured }, against: 0 }
    : { view: { path, quality: view.quality }, against };
}

/**
 * What never flowed was given its time already, and after nothing at all whatever flows is good news. A lost node is no
 * fault of the network: it is replaced before it has been missed three times.
 */
function isNewsAtOnce(before: PathView['quality'], measured: PathView['quality']): boolean {
  return before === 'none' || (before === 'unknown' && measured !== 'poor');
}

function qualityOf({
  path,
  roundTripMs,
  lostShare,
  cutOff,
}: PathSample): 'good' | 'poor' | 'none' | undefined {
  if (cutOff) return 'none';
  if (path === undefined || (roundTripMs === undefined && lostShare === undefined)) return undefined;
  return (roundTripMs ?? 0) > SLOW_MS || (lostShare ?? 0) > LOSSY ? 'poor' : 'good';
}

export const sameView = (one: PathView, other: PathView): boolean =>
  one.path === other.path && one.quality === other.quality;
