import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalNoticeSource } from '@holdfast/lifecycle-hooks/clouds/local/local-notice-source.ts';
import { MetadataService } from '@holdfast/lifecycle-hooks/clouds/local/metadata-service.ts';
import {
  NoticeBoard,
  type NoticeEnd,
  type NoticeTerms,
} from '@holdfast/lifecycle-hooks/clouds/local/notice-board.ts';
import type { NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { pino } from 'pino';
import { ManualClock } from '../../../media-server/process/manual-clock.ts';
import type { NoticesUnderTest } from '../notice-source-contract.ts';

const TIMEOUT_MS = 60_000;

/** One machine's notices of the local cloud. `dress`: what is put around its source. */
export async function localNotices(
  dress: (source: NoticeSource) => NoticeSource = (source) => source,
): Promise<NoticesUnderTest> {
  const clock = new ManualClock();
  const directory = mkdtempSync(join(tmpdir(), 'metadata-'));
  const socketPath = join(directory, 'metadata');
  const ends: NoticeEnd[] = [];
  const board = new NoticeBoard({ nodeId: 'node-1', clock, onEnd: (_notice, end) => ends.push(end) });
  const listen = async () => {
    const service = new MetadataService(board, clock);
    await service.listen(socketPath);
    return service;
  };
  let service = await listen();
  const post = async (terms: Pick<NoticeTerms, 'kind' | 'limitMs' | 'canComplete' | 'hidden'>) => {
    board.post({ source: 'test', timeoutMs: TIMEOUT_MS, ...terms });
    return { deadlineMs: clock.now() + TIMEOUT_MS };
  };
  const hook = { kind: 'scale-in', limitMs: 600_000, canComplete: true } as const;
  return {
    source: () => dress(new LocalNoticeSource({ socketPath, clock, log: pino({ level: 'silent' }) })),
    terminate: () => post(hook),
    terminateHidden: () => post({ ...hook, hidden: true }),
    preempt: () => post({ kind: 'spot', limitMs: 0, canComplete: false }),
    advise: async () => {
      board.advise({ kind: 'maintenance', source: 'test' });
    },
    withdraw: async () => {
      for (const { id } of board.open) board.withdraw(id);
    },
    interrupt: async () => {
      await service.close();
      service = await listen();
    },
    pass: (ms) => clock.advance(ms),
    isGone: () => ends.includes('completed') || ends.includes('deadline'),
    until: (what, condition) => clock.until(condition, what),
    close: async () => {
      await service.close();
      board.close();
      rmSync(directory, { recursive: true });
    },
  };
}
