import type { KeptDecision, MachineTrack, ScalingSample } from '../../protocol/rest.ts';

/** From when to when a picture shows, Unix times in ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const LEAST_MS = 60_000;
const MOST_MS = 3_600_000;
/** Between two marks on the axis of time, the first that is far enough apart, ms. */
const MARKS_MS = [10, 30, 60, 120, 300, 600, 900, 1800].map((seconds) => seconds * 1000);
const MARK_PX = 72;
/** A curve is broken where nothing was known for this long, ms. */
const GAP_MS = 90_000;

/** What there is to be shown ends now and begins with the first that is known, but not too long ago. */
export function spanOf(samples: readonly ScalingSample[], nowMs: number): Span {
  const first = samples[0]?.atMs ?? nowMs;
  const lengthMs = Math.min(MOST_MS, Math.max(LEAST_MS, nowMs - first));
  return { fromMs: nowMs - lengthMs, toMs: nowMs };
}

export function xOf(atMs: number, { fromMs, toMs }: Span, widthPx: number): number {
  const share = (atMs - fromMs) / (toMs - fromMs);
  return round(Math.min(1, Math.max(0, share)) * widthPx);
}

/** Full times of the clock for the axis, so many as can be read. */
export function timeMarks(span: Span, widthPx: number): readonly number[] {
  const pxPerMs = widthPx / (span.toMs - span.fromMs);
  const apart = MARKS_MS.find((ms) => ms * pxPerMs >= MARK_PX) ?? MOST_MS;
  const marks: number[] = [];
  for (let atMs = Math.ceil(span.fromMs / apart) * apart; atMs < span.toMs; atMs += apart) marks.push(atMs);
  return marks;
}

/** A full number of workers at the upper edge, above all that is drawn. */
export function topOf(samples: readonly ScalingSample[]): number {
  return Math.max(
    1,
    ...samples.map(({ capacityWorkers, usedWorkers }) => Math.ceil(Math.max(capacityWorkers, usedWorkers))),
  );
}

export interface Plot {
  readonly span: Span;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly top: number;
}

/** The path of a figure that holds from one sample to the next; broken where nothing was known. `closed`: down to the axis. */
export function stairs(
  samples: readonly ScalingSample[],
  of: (sample: ScalingSample) => number,
  { span, widthPx, heightPx, top }: Plot,
  closed = false,
): string {
  const y = (value: number) => round(heightPx - (Math.min(value, top) / top) * (heightPx - EDGE_PX));
  const parts: string[] = [];
  samples.forEach((sample, index) => {
    const before = samples[index - 1];
    const next = samples[index + 1];
    const begins = before === undefined || sample.atMs - before.atMs > GAP_MS;
    const untilMs = Math.min(next?.atMs ?? span.toMs, sample.atMs + GAP_MS);
    const [x, until, height] = [xOf(sample.atMs, span, widthPx), xOf(untilMs, span, widthPx), y(of(sample))];
    if (begins) parts.push(closed ? `M${x},${heightPx}V${height}` : `M${x},${height}`);
    else parts.push(`V${height}`);
    parts.push(`H${until}`);
    const ends = next === undefined || next.atMs - sample.atMs > GAP_MS;
    if (closed && ends) parts.push(`V${heightPx}Z`);
  });
  return parts.join('');
}

export type Doing = MachineTrack['steps'][number]['doing'];

export interface Stretch {
  readonly doing: Doing;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Lane {
  readonly nodeId: string;
  readonly stretches: readonly Stretch[];
}

/** What each machine did within the span, one lane each; who was gone before has none. The newest machines at the end. */
export function lanesOf(machines: readonly MachineTrack[], span: Span, most: number): readonly Lane[] {
  const lanes = machines.flatMap(({ nodeId, steps }): Lane[] => {
    const stretches = steps.flatMap(({ atMs, doing }, index): Stretch[] => {
      const toMs = Math.min(steps[index + 1]?.atMs ?? span.toMs, span.toMs);
      const fromMs = Math.max(atMs, span.fromMs);
      return doing === 'gone' || toMs <= fromMs ? [] : [{ doing, fromMs, toMs }];
    });
    return stretches.length === 0 ? [] : [{ nodeId, stretches }];
  });
  return lanes.slice(-most);
}

export const doingWords: Record<Doing, string> = {
  launching: 'launching',
  arriving: 'arriving',
  serving: 'serving',
  draining: 'giving up meetings',
  drained: 'empty',
  leaving: 'leaving',
  failed: 'failed',
  unreachable: 'unreachable',
  gone: 'gone',
};

const typeWords: Record<KeptDecision['decision']['type'], string> = {
  hold: 'Nothing to do',
  grow: 'Launch',
  'give-up': 'Give up',
  drain: 'Empty',
  'cancel-drain': 'Keep after all',
  release: 'Release',
};

/** A decision in a few words: "Launch, 3 machines wanted". */
export function decisionWords({ decision }: Pick<KeptDecision, 'decision'>): string {
  const words = typeWords[decision.type];
  if (decision.type === 'hold') return words;
  return decision.type === 'grow'
    ? `${words}: ${decision.to} machines wanted`
    : `${words} ${decision.nodeId}`;
}

/** So that a line along the upper edge is seen whole. */
const EDGE_PX = 4;
const round = (value: number) => Math.round(value * 10) / 10;
