import { freezesIn, type Gap, largestGap, originOf } from '../observe/gaps.ts';
import type { Gathering } from '../observe/gathering.ts';
import { pairsOf } from '../observe/measure.ts';
import { nowMs } from '../observe/participants.ts';

/** Frames from before a window are read as well, ms: a picture that stood still at its beginning counts from there. */
const BEFORE_MS = 10_000;

export interface WorstGaps {
  /** The longest standstill of each picture, ms. */
  readonly byPicture: Readonly<Record<string, number>>;
  readonly freezes: number;
  /** In words: where the longest of all came from. */
  readonly longest: string;
}

/** Watches pictures for longer than the pages remember: read now and then, judged without a hole in between. */
export class GapWatch {
  readonly #gathering: Gathering;
  readonly #worst: Record<string, number> = {};
  #freezes = 0;
  #longest: Gap | undefined;
  #fromMs = nowMs();

  constructor(gathering: Gathering) {
    this.#gathering = gathering;
  }

  /** Judges what was shown since the last lap. */
  async lap(): Promise<void> {
    // Reading takes a while, and a page that is being read shows on: what it shows then is for the next lap.
    const window = { fromMs: this.#fromMs, toMs: nowMs() };
    const screens = await this.#gathering.screens(window.fromMs - BEFORE_MS);
    for (const { screen, sender, frames } of pairsOf(screens)) {
      const picture = `${sender.name} → ${screen.viewer.name}`;
      const gap = largestGap(frames, window);
      this.#worst[picture] = Math.max(this.#worst[picture] ?? 0, Math.round(gap.lengthMs));
      if (gap.lengthMs > (this.#longest?.lengthMs ?? 0)) this.#longest = gap;
      this.#freezes += freezesIn(frames, window);
    }
    this.#fromMs = window.toMs;
  }

  get worst(): WorstGaps {
    return {
      byPicture: { ...this.#worst },
      freezes: this.#freezes,
      longest: this.#longest ? originOf(this.#longest) : 'none',
    };
  }
}

export const worstOf = ({ byPicture }: WorstGaps): number => Math.max(0, ...Object.values(byPicture));
