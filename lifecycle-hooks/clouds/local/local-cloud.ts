import { EventEmitter } from 'node:events';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Fleet, Notice, NoticeKind } from '../types.ts';
import { GroupMember, type Termination } from './group-member.ts';
import type { LocalMachine } from './local-machine.ts';
import type { MachineFactory, ProcessEnd } from './machine-factory.ts';
import type { NoticeEnd, NoticeTerms } from './notice-board.ts';

export interface LocalCloudOptions {
  readonly factory: MachineFactory;
  readonly clock: Clock;
  /** Where machines' sockets are made; private to this user. */
  readonly directory: string;
  readonly min?: number;
  readonly max?: number;
  /** What new machines are launched from. */
  readonly generation?: string;
  /**
   * A machine whose media node has been down this long is replaced, through a notice like any other, ms; and machines
   * that do not come up are launched again. `never`: what has failed stays as it is.
   */
  readonly replaceFailedAfterMs?: number | 'never';
  /** Of the termination hook: time until the deadline, and the longest an extended one may last, ms. */
  readonly hook?: { readonly timeoutMs: number; readonly limitMs: number };
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopGraceMs?: number;
}

export type CloudEvent = { readonly memberId: string } & (
  | { readonly type: 'launching' | 'running' | 'gone' }
  | { readonly type: 'launch-failed'; readonly error: Error }
  /** The media node process ended and nobody had stopped the machine. `killed`: by `kill`. */
  | { readonly type: 'crashed'; readonly end: ProcessEnd; readonly killed: boolean }
  | { readonly type: 'agent-ended'; readonly end: ProcessEnd }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'notice-ended'; readonly notice: Notice; readonly how: NoticeEnd }
);

export interface TerminateOptions {
  readonly kind?: NoticeKind;
  /** Want one fewer, so that nothing is launched in its place. */
  readonly decrement?: boolean;
  /** Time until the deadline; each extension gives as much again. Default: the hook's, or 120 s for `spot`. */
  readonly timeoutMs?: number;
}

const SPOT_NOTICE_MS = 120_000;
const RELAUNCH_MS = { first: 1000, most: 30_000 };

/**
 * A small cloud whose machines are processes of this computer. Its group launches what is wanted and ends a machine only
 * as a real one does: first a notice to the machine itself, then the end, when the machine has completed the notice or
 * its deadline has come, and not before.
 */
export class LocalCloud extends EventEmitter<{ event: [CloudEvent] }> {
  readonly #options: Required<LocalCloudOptions>;
  readonly #members = new Map<string, GroupMember>();
  readonly #goneIds = new Set<string>();
  readonly #operations = new Set<string>();
  #launched = 0;
  #launchFailures = 0;
  #wanted = 0;
  #cancelRelaunch = () => {};
  #closed: Promise<void> | undefined;

  constructor(options: LocalCloudOptions) {
    super();
    this.#options = {
      min: 0,
      max: 16,
      generation: 'local',
      replaceFailedAfterMs: 10_000,
      hook: { timeoutMs: 60_000, limitMs: 3_600_000 },
      stopGraceMs: 5000,
      ...options,
    };
  }

  describe(): Fleet {
    const { min, max } = this.#options;
    return {
      wanted: this.#wanted,
      min,
      max,
      members: [...this.#members.values()].map((member) => ({
        id: member.id,
        state: member.state,
        generation: member.generation,
        releasable: !member.leaving && this.#wanted > min,
      })),
    };
  }

  /** Process ids of a member's machine, for whoever watches or disturbs them. */
  pids(memberId: string): LocalMachine['pids'] {
    return this.#get(memberId).machine.pids;
  }

  /** Wants `to` machines from now on; never fewer than before. The same operation twice is the same as once. */
  grow(to: number, operationId: string): void {
    this.#assertOpen();
    const { max } = this.#options;
    if (this.#operations.has(operationId)) return;
    if (!Number.isInteger(to) || to > max) {
      throw new HoldfastError('BAD_REQUEST', `cannot grow to ${to} machines: the group's maximum is ${max}`);
    }
    this.#operations.add(operationId);
    this.#wanted = Math.max(this.#wanted, to);
    this.#launchWanted();
  }

  /** Gives the machine notice. One that leaves already is not given another, unless its power is cut sooner (`spot`). */
  terminate(memberId: string, options: TerminateOptions = {}): Termination {
    this.#assertOpen();
    const { kind = 'scale-in', decrement = kind === 'scale-in' } = options;
    const member = this.#get(memberId);
    const present = member.presentTermination(kind);
    if (present) return present;
    if (decrement && !member.decremented) {
      if (this.#wanted <= this.#options.min) {
        throw new HoldfastError(
          'CONFLICT',
          `${memberId} cannot be released: the group is at its minimum of ${this.#options.min}`,
        );
      }
      this.#wanted -= 1;
      member.decremented = true;
    }
    member.leaving = true;
    const termination = member.notify(this.#terms(kind, options.timeoutMs));
    this.emit('event', { type: 'notice', memberId, notice: termination.notice });
    this.#launchWanted();
    return termination;
  }

  /** The machine stays after all. CONFLICT when the notice is over. */
  withdraw(noticeId: string): void {
    const member = [...this.#members.values()].find((each) => each.hasNotice(noticeId));
    if (!member) throw new HoldfastError('NOT_FOUND', `no machine has a notice ${noticeId}`);
    member.board.withdraw(noticeId);
  }

  /** SIGKILL to the media node of this machine; its agent is left to finish. Resolves when the process has ended. */
  async kill(memberId: string): Promise<void> {
    await this.#get(memberId).machine.kill();
  }

  /** Lets go of a member that leaves already, or gives it notice and wants one fewer. Unknown ones: NOT_FOUND. */
  release(memberId: string): void {
    if (this.#goneIds.has(memberId)) return;
    if (!this.#get(memberId).leaving) this.terminate(memberId, { kind: 'scale-in', decrement: true });
  }

  /** Resolves as soon as the group looks like this. Rejects when the signal aborts. */
  until(condition: (fleet: Fleet) => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        this.off('event', check);
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const check = () => {
        if (condition(this.describe())) done(resolve);
      };
      const aborted = () => done(() => reject(signal?.reason));
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      this.on('event', check);
      check();
    });
  }

  /** Stops every machine. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelRelaunch();
    const members = [...this.#members.values()];
    for (const member of members) member.board.close();
    await Promise.all(members.map((member) => this.#stop(member, false)));
    this.removeAllListeners();
  }

  #terms(kind: NoticeKind, timeoutMs: number | undefined): NoticeTerms {
    const { hook } = this.#options;
    return kind === 'spot'
      ? {
          kind,
          source: 'local:preemption',
          timeoutMs: timeoutMs ?? SPOT_NOTICE_MS,
          limitMs: 0,
          canComplete: false,
        }
      : {
          kind,
          source: 'local:hook',
          timeoutMs: timeoutMs ?? hook.timeoutMs,
          limitMs: hook.limitMs,
          canComplete: true,
        };
  }

  #noticeEnded(member: GroupMember, notice: Notice, how: NoticeEnd): void {
    member.noticeEnded(notice.id, how);
    if (how === 'withdrawn') this.#keep(member);
    this.emit('event', { type: 'notice-ended', memberId: member.id, notice, how });
    // A preemption is no polite request: the power is cut.
    if (how === 'completed' || how === 'deadline')
      void this.#stop(member, notice.kind === 'spot' && how === 'deadline');
  }

  /** A termination was taken back: the member counts again. */
  #keep(member: GroupMember): void {
    if (member.hasPendingNotice) return;
    member.leaving = false;
    if (member.decremented) this.#wanted += 1;
    member.decremented = false;
    if (member.failed) this.#replaceLater(member);
  }

  #launchWanted(): void {
    if (this.#closed) return;
    let staying = [...this.#members.values()].filter(({ leaving }) => !leaving).length;
    for (; staying < this.#wanted; staying += 1) void this.#launch();
  }

  async #launch(): Promise<void> {
    const { factory, clock, directory, generation, stopGraceMs } = this.#options;
    this.#launched += 1;
    const id = `node-${this.#launched}`;
    const member = new GroupMember({
      machine: { nodeId: id, generation, directory, factory, clock, stopGraceMs },
      onNoticeEnd: (notice, how) => this.#noticeEnded(member, notice, how),
      onCrash: (end, killed) => this.#crashed(member, end, killed),
      onAgentEnd: (end) => this.emit('event', { type: 'agent-ended', memberId: id, end }),
    });
    this.#members.set(id, member);
    this.emit('event', { type: 'launching', memberId: id });
    try {
      await member.machine.start();
      member.ready = true;
      this.#launchFailures = 0;
      this.emit('event', { type: 'running', memberId: id });
    } catch (error) {
      await this.#launchFailed(member, toHoldfastError(error));
    }
  }

  /** A machine that never came up goes without a notice: nothing was on it. */
  async #launchFailed(member: GroupMember, error: Error): Promise<void> {
    const { clock, replaceFailedAfterMs } = this.#options;
    const expected = member.leaving || this.#closed !== undefined;
    member.failed = true;
    member.leaving = true;
    if (!expected) this.emit('event', { type: 'launch-failed', memberId: member.id, error });
    await this.#stop(member, true, { replace: false });
    if (expected || replaceFailedAfterMs === 'never' || this.#closed) return;
    this.#cancelRelaunch();
    const waitMs = Math.min(RELAUNCH_MS.most, RELAUNCH_MS.first * 2 ** this.#launchFailures);
    this.#launchFailures += 1;
    this.#cancelRelaunch = clock.after(waitMs, () => this.#launchWanted());
  }

  #crashed(member: GroupMember, end: ProcessEnd, killed: boolean): void {
    member.failed = true;
    this.emit('event', { type: 'crashed', memberId: member.id, end, killed });
    this.#replaceLater(member);
  }

  #replaceLater(member: GroupMember): void {
    const { clock, replaceFailedAfterMs } = this.#options;
    if (replaceFailedAfterMs === 'never') return;
    member.cancelReplacement = clock.after(replaceFailedAfterMs, () => {
      if (!member.leaving) this.terminate(member.id, { kind: 'replacement', decrement: false });
    });
  }

  async #stop(member: GroupMember, hard: boolean, { replace } = { replace: true }): Promise<void> {
    member.cancelReplacement();
    await member.machine.stop({ hard });
    if (!this.#members.delete(member.id)) return;
    member.board.close();
    this.#goneIds.add(member.id);
    member.gone.resolve();
    this.emit('event', { type: 'gone', memberId: member.id });
    if (replace) this.#launchWanted();
  }

  #get(memberId: string): GroupMember {
    const member = this.#members.get(memberId);
    if (!member) throw new HoldfastError('NOT_FOUND', `the group has no machine ${memberId}`);
    return member;
  }

  #assertOpen(): void {
    if (this.#closed) throw new HoldfastError('CONNECTION_CLOSED', 'the local cloud is closed');
  }
}
