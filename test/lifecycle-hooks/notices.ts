import type { Deadline, Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';

/** A termination hook's notice, with whatever a test says about it; `deadlineMs`: a deadline that is known. */
export function notice({
  deadlineMs,
  ...about
}: Partial<Notice> & { deadlineMs?: number | undefined } = {}): Notice {
  return {
    id: 'hook',
    kind: 'scale-in',
    source: 'test:hook',
    nodeId: 'node-1',
    status: 'pending',
    urgency: 'order',
    deadline: deadlineMs === undefined ? { kind: 'unlimited' } : known(deadlineMs),
    canExtend: false,
    canComplete: true,
    coupledNodeIds: [],
    ...about,
  };
}

export function known(atMs: number): Deadline {
  return { kind: 'known', atMs };
}
