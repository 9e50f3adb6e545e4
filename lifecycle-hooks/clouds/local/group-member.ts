import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Market, MemberFailure, MemberStatus, Notice, NoticeKind } from '../types.ts';
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

/** What the group asked for. */
export interface LaunchTerms {
  readonly zone: string;
  readonly machineType: string;
  readonly market: Market;
  readonly launchedBy: string;
}

export interface GroupMemberOptions extends Pick<LocalMachineOptions, 'onCrash' | 'onAgentEnd'> {
  readonly machine: Omit<LocalMachineOptions, 'board' | 'onCrash' | 'onAgentEnd' | keyof LaunchTerms>;
  readonly launch: LaunchTerms;
  readonly onNoticeEnd: (notice: Notice, how: NoticeEnd) => void;
}

type Staying = Exclude<MemberStatus, { state: 'leaving' }>;
/** `before`: what it goes back to when its termination is withdrawn. `decremented`: one fewer is wanted since. */
type Leaving = { readonly state: 'leaving'; readonly before: Staying; readonly decremented: boolean };

export type MemberEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly failure: MemberFailure }
  | { readonly type: 'leaves'; readonly decrement: boolean }
  | { readonly type: 'kept' };

/** The one transition function of a member. What cannot be is an error. */
export function nextState(now: Staying | Leaving, event: MemberEvent): Staying | Leaving {
  switch (event.type) {
    case 'ready':
      if (now.state === 'leaving') return { ...now, before: started(now.before) };
      return started(now);
    case 'failed': {
      const failed = { state: 'failed', failure: event.failure } as const;
      return now.state === 'leaving' ? { ...now, before: failed } : failed;
    }
    case 'leaves':
      if (now.state !== 'leaving') return { state: 'leaving', before: now, decremented: event.decrement };
      return { ...now, decremented: now.decremented || event.decrement };
    case 'kept':
      if (now.state !== 'leaving') throw new HoldfastError('CONFLICT', 'what does not leave cannot be kept');
      return now.before;
  }
}

function started(before: Staying): Staying {
  if (before.state === 'launching') return { state: 'running' };
  throw new HoldfastError('CONFLICT', `what is ${before.state} cannot become ready`);
}

/** One member of the local cloud's group: its machine, its notices, and what the group thinks of it. */
export class GroupMember {
  readonly id: string;
  readonly generation: string;
  readonly launch: LaunchTerms;
  readonly launchedAtMs: number;
  readonly board: NoticeBoard;
  readonly machine: LocalMachine;
  readonly gone = Promise.withResolvers<void>();
  cancelReplacement = () => {};
  readonly #now: () => number;
  readonly #terminations = new Map<string, Termination & { readonly settle: (how: NoticeEnd) => void }>();
  #state: Staying | Leaving = { state: 'launching' };

  constructor({ machine, launch, onNoticeEnd, ...handlers }: GroupMemberOptions) {
    const { nodeId, generation, clock } = machine;
    this.id = nodeId;
    this.generation = generation;
    this.launch = launch;
    this.launchedAtMs = clock.now();
    this.#now = () => clock.now();
    this.board = new NoticeBoard({ nodeId, clock, onEnd: onNoticeEnd });
    this.machine = new LocalMachine({ ...machine, ...launch, ...handlers, board: this.board });
  }

  /** As the group tells it. */
  get status(): MemberStatus {
    return this.#state.state === 'leaving' ? { state: 'leaving' } : this.#state;
  }

  get state(): MemberStatus['state'] {
    return this.#state.state;
  }

  /** Its termination has lowered what is wanted. */
  get decremented(): boolean {
    return this.#state.state === 'leaving' && this.#state.decremented;
  }

  happened(event: MemberEvent): void {
    this.#state = nextState(this.#state, event);
  }

  /** Of what orders it to go; advice is none. */
  get hasPendingNotice(): boolean {
    return this.board.notices.some(({ status, urgency }) => status === 'pending' && urgency === 'order');
  }

  hasNotice(noticeId: string): boolean {
    return this.board.notices.some(({ id }) => id === noticeId);
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
