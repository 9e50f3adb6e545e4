/**
 * The publishing order of a meeting: at rank r, wait r × spacing ms before publishing on the second leg. Small meetings
 * keep the full spacing (each publisher's first key frame and encoder start have the machines to themselves); a large
 * one is compressed so that the whole order fits.
 */
export function publishDelaysMs(count: number, spacingMs: number, wholeOrderMs: number): number[] {
  const spacing = Math.min(spacingMs, wholeOrderMs / Math.max(1, count - 1));
  return Array.from({ length: count }, (_, rank) => Math.round(rank * spacing));
}

/**
 * Meetings that move at the same time publish in the gaps of each other's order: the n-th of them begins this much later,
 * so that the target (and a machine with several participants) meets one new encoder at a time.
 */
export function interleaveMs(position: number, parallel: number, spacingMs: number): number {
  return Math.round(((position % parallel) * spacingMs) / parallel);
}

/** How many meetings may move at the same time: all when the deadline is near, a few when there is time. */
export function parallelMoves(options: {
  readonly meetings: number;
  readonly gently: number;
  readonly remainingMs: number | undefined;
  readonly meetingDeadlineMs: number;
}): number {
  if (options.remainingMs === undefined) return options.gently;
  // Time for this many rounds of meetings one after the other, one round kept in hand for retries.
  const rounds = Math.max(1, Math.floor(options.remainingMs / options.meetingDeadlineMs) - 1);
  return Math.max(options.gently, Math.ceil(options.meetings / rounds));
}
