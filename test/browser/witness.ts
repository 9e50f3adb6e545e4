import type { Page } from 'playwright-core';

/** What the witness saw of one remote picture, at every animation frame. */
export interface Testimony {
  /** The most and the fewest elements marked as this participant's visible picture at the same time. */
  readonly mostVisible: number;
  readonly fewestVisible: number;
  /** Elements that have been the visible one, one after the other. */
  readonly elements: number;
  readonly looks: number;
}

/**
 * Runs in the page: looks at each animation frame how many elements are marked as somebody's visible picture. There must
 * be exactly one, whatever the meeting goes through.
 */
export async function beginWitness(page: Page, participant: string): Promise<void> {
  await page.evaluate(`(() => {
    const seen = new Set();
    const testimony = { mostVisible: 0, fewestVisible: Infinity, elements: 0, looks: 0 };
    (globalThis.witness ??= {})[${JSON.stringify(participant)}] = testimony;
    const look = () => {
      const marked = document.querySelectorAll('video[data-participant=' + ${JSON.stringify(JSON.stringify(participant))} + '][data-source="camera"]');
      testimony.mostVisible = Math.max(testimony.mostVisible, marked.length);
      testimony.fewestVisible = Math.min(testimony.fewestVisible, marked.length);
      for (const video of marked) seen.add(video);
      testimony.elements = seen.size;
      testimony.looks += 1;
      requestAnimationFrame(look);
    };
    look();
  })()`);
}

export async function testimonyOf(page: Page, participant: string): Promise<Testimony> {
  return page.evaluate(`globalThis.witness[${JSON.stringify(participant)}]`);
}
