import type { MemberState, Notice, NoticeKind } from '../types.ts';
import { LocalMachine, type LocalMachineOptions } from './local-machine.ts';
import { NoticeBoard, type NoticeEnd, type NoticeTerms } from './notice-board.ts';

export interface Termination {
  readonly memberId: string;
  readonly notice: Notice;
  /** Resolves when the machine is let go or kept: how that came, and when (Unix time in ms). */
  readonly ended: Promise<{ readonly how: NoticeEnd; readonly atMs: number }>;
  /** Resolves when the machine's processes have ended; never when the notice is withdrawn. */
  readonly gone: Promise<void>;
}

export interface GroupMemberOptions extends Pick<LocalMachineOptions, 'onCrash' | 'onAgentEnd'> {
  readonly machine: Omit<LocalMachineOptions, 'board' | 'onCrash' | 'onAgentEnd'>;
  readonly onNoticeEnd: (notice: Notice, how: NoticeEnd) => void;
}

/** One member of the local cloud's group: its machine, its notices, and what the group thinks of it. */
export class GroupMember {
  readonly id: string;
  readonly generation: string;
  readonly board: NoticeBoard;
  readonly machine: LocalMachine;
  readonly gone = Promise.withResolvers<void>();
  ready = false;
  failed = false;
  leaving = false;
  /** Its termination has lowered what is wanted. */
  decremented = false;
  cancelReplacement = () => {};
  readonly #now: () => number;
  readonly #terminations = new Map<string, Termination & { readonly settle: (how: NoticeEnd) => void }>();

  constructor({ machine, onNoticeEnd, ...handlers }: GroupMemberOptions) {
    const { nodeId, generation, clock } = machine;
    this.id = nodeId;
    this.generation = generation;
    this.#now = () => clock.now();
    this.board = new NoticeBoard({ nodeId, clock, onEnd: onNoticeEnd });
    this.machine = new LocalMachine({ ...machine, ...handlers, board: this.board });
  }

  get state(): MemberState {
    if (this.leaving) return 'leaving';
    if (this.failed) return 'failed';
    return this.ready ? 'running' : 'launching';
  }

  get hasPendingNotice(): boolean {
    return this.board.notices.some(({ status }) => status === 'pending');
  }

  hasNotice(noticeId: string): boolean {
    return this.#terminations.has(noticeId);
  }

  /** The termination under way that a new one of this kind would only repeat. */
  presentTermination(kind: NoticeKind): Termination | undefined {
    return this.board.notices
      .filter(({ status }) => status === 'pending')
      .filter((notice) => kind !== 'spot' || notice.kind === 'spot')
      .map(({ id }) => this.#terminations.get(id))
      .find((termination) => termination !== undefined);
  }

  notify(terms: NoticeTerms): Termination {
    const notice = this.board.post(terms);
    const { promise, resolve } = Promise.withResolvers<{ how: NoticeEnd; atMs: number }>();
    const termination = {
      memberId: this.id,
      notice,
      ended: promise,
      gone: this.gone.promise,
      settle: (how: NoticeEnd) => resolve({ how, atMs: this.#now() }),
    };
    this.#terminations.set(notice.id, termination);
    return termination;
  }

  noticeEnded(noticeId: string, how: NoticeEnd): void {
    this.#terminations.get(noticeId)?.settle(how);
  }
}
