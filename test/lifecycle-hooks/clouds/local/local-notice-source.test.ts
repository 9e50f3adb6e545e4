import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadlineAtMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import { LocalNoticeSource } from '@holdfast/lifecycle-hooks/clouds/local/local-notice-source.ts';
import { MetadataService } from '@holdfast/lifecycle-hooks/clouds/local/metadata-service.ts';
import { NoticeBoard, type NoticeEnd } from '@holdfast/lifecycle-hooks/clouds/local/notice-board.ts';
import type { Notice, NoticeKind } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { pino } from 'pino';
import { ManualClock } from '../../../media-server/process/manual-clock.ts';
import { noticeSourceContract } from '../notice-source-contract.ts';

noticeSourceContract('the local cloud', async () => {
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
  const post = async (kind: NoticeKind, rest: { limitMs: number; canComplete: boolean }) =>
    board.post({ kind, source: 'test', timeoutMs: 60_000, ...rest });
  const told = ({ deadline }: Notice) => ({ deadlineMs: deadlineAtMs(deadline) });
  return {
    source: () => new LocalNoticeSource({ socketPath, clock, log: pino({ level: 'silent' }) }),
    terminate: async () => told(await post('scale-in', { limitMs: 600_000, canComplete: true })),
    preempt: async () => told(await post('spot', { limitMs: 0, canComplete: false })),
    withdraw: async () => {
      for (const { id } of board.open) board.withdraw(id);
    },
    interrupt: async () => {
      await service.close();
      service = await listen();
    },
    pass: (ms) => clock.advance(ms),
    isGone: () => ends.includes('completed'),
    until: (what, condition) => clock.until(condition, what),
    close: async () => {
      await service.close();
      board.close();
      rmSync(directory, { recursive: true });
    },
  };
});
