/** A few messages sent at once. */
export interface Move {
  /** What it is counted as. */
  readonly kind: string;
  /** Texts; binary frames are sent as such. */
  readonly frames: readonly (string | Uint8Array)[];
}
