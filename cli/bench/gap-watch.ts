import { freezesIn, largestGap } from '../observe/gaps.ts';
import type { Gathering } from '../observe/gathering.ts';
import { pairsOf } from '../observe/measure.ts';
import { nowMs } from '../observe/participants.ts';

/** Frames from before a window are read as well, ms: a picture that stood still at its beginning counts from there. */
const BEFORE_MS = 10_000;

export interface WorstGaps {
  /** The longest standstill of each picture, ms. */
  readonly byPicture: Readonly<Record<string, number>>;
  readonly freezes: number;
}

/** Watches pictures for longer than the pages remember: read now and then, judged without a hole in between. */
export class GapWatch {
  readonly #gathering: Gathering;
  readonly #worst: Record<string, number> = {};
  #freezes = 0;
  #fromMs = nowMs();

  constructor(gathering: Gathering) {
    this.#gathering = gathering;
  }

  /** Judges what was shown since the last lap. */
  async lap(): Promise<void> {
    const screens = await this.#gathering.screens(this.#fromMs - BEFORE_MS);
    const window = { fromMs: this.#fromMs, toMs: nowMs() };
    for (const { screen, sender, frames } of pairsOf(screens)) {
      const picture = `${sender.name} → ${screen.viewer.name}`;
      const gapMs = Math.round(largestGap(frames, window).lengthMs);
      this.#worst[picture] = Math.max(this.#worst[picture] ?? 0, gapMs);
      this.#freezes += freezesIn(frames, window);
    }
    this.#fromMs = window.toMs;
  }

  get worst(): WorstGaps {
    return { byPicture: { ...this.#worst }, freezes: this.#freezes };
  }
}

export const worstOf = ({ byPicture }: WorstGaps): number => Math.max(0, ...Object.values(byPicture));
