import type { FrameRecord } from './records.ts';

/** A stretch of time, Unix time in ms. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A picture that stood still longer than this counts as frozen, ms. */
export const FREEZE_MS = 250;

export interface Gap {
  /** How long the picture stood still, ms. */
  readonly lengthMs: number;
  /** When the next frame came; the window's end when none did. */
  readonly endedAtMs: number;
  /** Of which the sender skipped (from RTP timestamps), ms; undefined when the browser does not say or the leg changed. */
  readonly senderMs: number | undefined;
  /** Of which the packets came late, ms. */
  readonly arrivalMs: number | undefined;
  /** The element changed in this gap: it is the switch itself. */
  readonly atSwitch: boolean;
}

/**
 * All gaps between two shown frames that end in the window. A picture that stands still at the window's end counts up to
 * there, and one that stood still at its beginning counts from its last frame, so that nothing falls between windows.
 */
export function gapsIn(frames: readonly FrameRecord[], window: Window): Gap[] {
  const gaps: Gap[] = [];
  let previous: FrameRecord | undefined;
  for (const frame of frames) {
    if (frame.atMs > window.toMs) break;
    if (previous && frame.atMs >= window.fromMs) gaps.push(gapBetween(previous, frame));
    previous = frame;
  }
  const tailFromMs = Math.max(previous?.atMs ?? window.fromMs, 0);
  gaps.push({
    lengthMs: Math.max(0, window.toMs - tailFromMs),
    endedAtMs: window.toMs,
    senderMs: undefined,
    arrivalMs: undefined,
    atSwitch: false,
  });
  return gaps;
}

function gapBetween(before: FrameRecord, after: FrameRecord): Gap {
  const sameLeg = before.element === after.element;
  const known = sameLeg && before.rtpTimestamp > 0 && after.rtpTimestamp > 0;
  return {
    lengthMs: after.atMs - before.atMs,
    endedAtMs: after.atMs,
    senderMs: known ? (after.rtpTimestamp - before.rtpTimestamp) / 90 : undefined,
    arrivalMs: known && before.receivedAtMs > 0 ? after.receivedAtMs - before.receivedAtMs : undefined,
    atSwitch: !sameLeg,
  };
}

/** The longest gap in the window. With no frame at all it is the whole window. */
export function largestGap(frames: readonly FrameRecord[], window: Window): Gap {
  return gapsIn(frames, window).reduce((worst, gap) => (gap.lengthMs > worst.lengthMs ? gap : worst));
}

export function freezesIn(frames: readonly FrameRecord[], window: Window): number {
  return gapsIn(frames, window).filter((gap) => gap.lengthMs > FREEZE_MS).length;
}

export interface Distribution {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** Nearest-rank percentiles; null for nothing. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? null };
}

/** Where a gap came from, for people: what the sender left out, and how late its packets came. */
export function originOf(gap: Gap | null): string {
  if (gap?.atSwitch) return 'at the switch';
  const ms = (value: number | undefined) => (value === undefined ? '?' : String(Math.round(value)));
  return `sender ${ms(gap?.senderMs)}, arrival ${ms(gap?.arrivalMs)} ms`;
}
