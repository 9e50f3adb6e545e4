import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Stage } from '../browser/stage.ts';

const phaseLine = z.object({
  msg: z.literal('handover.phase'),
  meetingId: z.string(),
  to: z.string(),
  target: z.string(),
});

/**
 * Waits until a meeting's move has prepared its target and people begin to switch: the time before the commit. Read from the
 * node's own log, which is quicker than its heartbeats. Resolves with the target.
 */
export async function untilSwitching(stage: Stage, source: string, meetingId: string): Promise<string> {
  const log = join(stage.platform.directory, `${source}.media-node.log`);
  const target = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (!line.includes('handover.phase')) return [];
        const { data } = phaseLine.safeParse(JSON.parse(line));
        return data?.meetingId === meetingId && data.to === 'switching' ? [data.target] : [];
      })
      .at(-1);
  await expect.poll(target, { timeout: 20_000, interval: 10 }).toBeDefined();
  return target() ?? '';
}
