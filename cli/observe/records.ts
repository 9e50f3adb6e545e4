/** One frame that a visible picture showed. Times are Unix time in ms, with fractions. */
export interface FrameRecord {
  /** When it was on the screen. */
  readonly atMs: number;
  /** Counted by the compositor; jumps by more than one when the callback, not the picture, was late. */
  readonly presented: number;
  /** RTP timestamp, 90 kHz; 0 when the browser does not say. */
  readonly rtpTimestamp: number;
  /** When its last packet arrived, Unix time in ms; 0 when the browser does not say. */
  readonly receivedAtMs: number;
  readonly width: number;
  /** Which element showed it: changes at a switch. */
  readonly element: number;
}

/** All frames of one remote stream in one page. */
export interface StreamRecord {
  /** Display name of the sender. */
  readonly from: string;
  readonly source: string;
  readonly frames: readonly FrameRecord[];
}

/** What the probe offers as `globalThis.holdfastProbe`. */
export interface PageProbe {
  /** Frames shown since `sinceMs`. */
  streams(sinceMs: number): StreamRecord[];
  /** Animation frames that came more than 40 ms after the one before: the page itself was late. */
  lateAnimationFrames(sinceMs: number): { readonly atMs: number; readonly afterMs: number }[];
}
