import type { Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';

/** A termination hook's notice, with whatever a test says about it. */
export function notice(about: Partial<Notice> = {}): Notice {
  return {
    id: 'hook',
    kind: 'scale-in',
    source: 'test:hook',
    nodeId: 'node-1',
    status: 'pending',
    deadlineMs: undefined,
    canExtend: false,
    canComplete: true,
    coupledNodeIds: [],
    ...about,
  };
}
