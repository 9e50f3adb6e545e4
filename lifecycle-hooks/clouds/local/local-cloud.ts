import { EventEmitter } from 'node:events';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Fleet, Growth, LaunchPreference, Notice, NoticeKind, Releasable } from '../types.ts';
import { GroupMember, type Termination } from './group-member.ts';
import type { LocalMachine } from './local-machine.ts';
import type { MachineFactory, ProcessEnd } from './machine-factory.ts';
import type { NoticeEnd, NoticeTerms } from './notice-board.ts';

export interface LocalCloudOptions {
  readonly factory: MachineFactory;
  readonly clock: Clock;
  /** What its machines are called, before their number. Default `node`. */
  readonly names?: string;
  /** Where machines' sockets are made; private to this user. */
  readonly directory: string;
  readonly min?: number;
  readonly max?: number;
  /** What new machines are launched from. */
  readonly generation?: string;
  /** mediasoup workers of each machine. */
  readonly workers?: number;
  /**
   * A machine whose server has been down this long is replaced, through a notice like any other, ms; and machines
   * that do not come up are launched again. `never`: what has failed stays as it is.
   */
  readonly replaceFailedAfterMs?: number | 'never';
  /** Of the termination hook: time until the deadline, and the longest an extended one may last, ms. */
  readonly hook?: {
    readonly timeoutMs: number;
    readonly limitMs: number;
    /** The machine is not told its deadline before it has asked for more time. */
    readonly hidden?: boolean;
  };
  /** From SIGTERM to SIGKILL, ms. */
  readonly stopGraceMs?: number;
}

export type CloudEvent = { readonly memberId: string } & (
  | { readonly type: 'launching' | 'running' | 'gone' }
  | { readonly type: 'launch-failed'; readonly error: Error }
  /** The server ended and nobody had stopped the machine. `killed`: by `kill`. */
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
  #min: number;
  readonly #members = new Map<string, GroupMember>();
  readonly #goneIds = new Set<string>();
  readonly #operations = new Set<string>();
  /** What the machines that are missing are launched as: the wish of the last growth. */
  #terms: LaunchPreference & { readonly operationId: string } = { operationId: 'begin' };
  #launched = 0;
  #launchFailures = 0;
  #wanted = 0;
  #closed: Promise<void> | undefined;

  constructor(options: LocalCloudOptions) {
    super();
    this.#options = {
      names: 'node',
      min: 0,
      max: 16,
      generation: 'local',
      workers: 1,
      replaceFailedAfterMs: 10_000,
      hook: { timeoutMs: 60_000, limitMs: 3_600_000 },
      stopGraceMs: 5000,
      ...options,
    };
    this.#min = this.#options.min;
  }

  /** The group's minimum from now on, as an operator sets it. Nothing is launched for it: that is the autoscaler's. */
  limit(min: number): void {
    const { max } = this.#options;
    if (!Number.isInteger(min) || min < 0 || min > max)
      throw new HoldfastError('BAD_REQUEST', `the minimum must be from 0 to ${max}`);
    this.#min = min;
  }

  describe(): Fleet {
    const { max, generation, workers, clock } = this.#options;
    return {
      wanted: this.#wanted,
      limits: { min: this.#min, max },
      generation,
      asOfMs: clock.now(),
      members: [...this.#members.values()].map((member) => ({
        ...member.status,
        ...member.launch,
        id: member.id,
        generation: member.generation,
        workers,
        launchedAtMs: member.launchedAtMs,
        releasable: this.#releasable(member),
      })),
    };
  }

  #releasable(member: GroupMember): Releasable {
    if (member.state === 'leaving') return { ok: false, why: 'it leaves already' };
    if (this.#wanted <= this.#min) return { ok: false, why: `the group is at its minimum of ${this.#min}` };
    return { ok: true };
  }

  /** Process ids of a member's machine, for whoever watches or disturbs them. */
  pids(memberId: string): LocalMachine['pids'] {
    return this.#get(memberId).machine.pids;
  }

  /** Wants `to` machines from now on; never fewer than before. The same operation twice is the same as once. */
  grow({ to, operationId, prefer = {} }: Growth): void {
    this.#assertOpen();
    const { max } = this.#options;
    if (this.#operations.has(operationId)) return;
    if (!Number.isInteger(to)) throw new HoldfastError('BAD_REQUEST', `${to} is no number of machines`);
    if (to > max) {
      throw new HoldfastError('CLOUD_QUOTA', `cannot grow to ${to} machines: the group's maximum is ${max}`);
    }
    this.#operations.add(operationId);
    this.#terms = { ...prefer, operationId };
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
      if (this.#wanted <= this.#min) {
        throw new HoldfastError(
          'CLOUD_REFUSED',
          `${memberId} cannot be released: the group is at its minimum of ${this.#min}`,
        );
      }
      this.#wanted -= 1;
      member.happened({ type: 'leaves', decrement: true });
    } else {
      member.happened({ type: 'leaves', decrement: false });
    }
    const termination = member.notify(this.#noticeTerms(kind, options.timeoutMs));
    this.emit('event', { type: 'notice', memberId, notice: termination.notice });
    this.#launchWanted();
    return termination;
  }

  /** Tells the machine that it would be better if it went; nothing happens when it stays. */
  advise(memberId: string, kind: NoticeKind): Notice {
    this.#assertOpen();
    const notice = this.#get(memberId).board.advise({ kind, source: 'local:advice' });
    this.emit('event', { type: 'notice', memberId, notice });
    return notice;
  }

  /** The machine stays after all. CONFLICT when the notice is over. */
  withdraw(noticeId: string): void {
    const member = [...this.#members.values()].find((each) => each.hasNotice(noticeId));
    if (!member) throw new HoldfastError('NOT_FOUND', `no machine has a notice ${noticeId}`);
    member.board.withdraw(noticeId);
  }

  /** SIGKILL to the server of this machine; its agent is left to finish. Resolves when the process has ended. */
  async kill(memberId: string): Promise<void> {
    await this.#get(memberId).machine.kill();
  }

  /** Lets go of a member that leaves already, or gives it notice and wants one fewer. Unknown ones: NOT_FOUND. */
  release(memberId: string): void {
    if (this.#goneIds.has(memberId)) return;
    if (this.#get(memberId).state !== 'leaving')
      this.terminate(memberId, { kind: 'scale-in', decrement: true });
  }

  /** Ends a launch or a failed machine without notice, and wants one fewer. CLOUD_REFUSED for one that runs. */
  giveUp(memberId: string): void {
    this.#assertOpen();
    if (this.#goneIds.has(memberId)) return;
    const member = this.#get(memberId);
    if (member.state === 'leaving') return;
    if (member.state === 'running')
      throw new HoldfastError('CLOUD_REFUSED', `${memberId} is running: it can only be released`);
    this.#wanted -= 1;
    member.happened({ type: 'leaves', decrement: true });
    void this.#stop(member, true);
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
    const members = [...this.#members.values()];
    for (const member of members) member.board.close();
    await Promise.all(members.map((member) => this.#stop(member, false)));
    this.removeAllListeners();
  }

  #noticeTerms(kind: NoticeKind, timeoutMs: number | undefined): NoticeTerms {
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
          hidden: hook.hidden ?? false,
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
    if (member.hasPendingNotice || member.state !== 'leaving') return;
    if (member.decremented) this.#wanted += 1;
    member.happened({ type: 'kept' });
    if (member.status.state === 'failed') this.#replaceLater(member);
  }

  #launchWanted(): void {
    if (this.#closed) return;
    let staying = [...this.#members.values()].filter(({ state }) => state !== 'leaving').length;
    for (; staying < this.#wanted; staying += 1) void this.#launch();
  }

  async #launch(): Promise<void> {
    const { factory, clock, directory, generation, workers, stopGraceMs } = this.#options;
    const { zone = 'local', machineType = 'local', market = 'on-demand', operationId } = this.#terms;
    this.#launched += 1;
    const id = `${this.#options.names}-${this.#launched}`;
    const member = new GroupMember({
      machine: { nodeId: id, generation, workers, directory, factory, clock, stopGraceMs },
      launch: { zone, machineType, market, launchedBy: operationId },
      onNoticeEnd: (notice, how) => this.#noticeEnded(member, notice, how),
      onCrash: (end, killed) => this.#crashed(member, end, killed),
      onAgentEnd: (end) => this.emit('event', { type: 'agent-ended', memberId: id, end }),
    });
    this.#members.set(id, member);
    this.emit('event', { type: 'launching', memberId: id });
    try {
      await member.machine.start();
      member.happened({ type: 'ready' });
      this.#launchFailures = 0;
      this.emit('event', { type: 'running', memberId: id });
    } catch (error) {
      await this.#launchFailed(member, toHoldfastError(error));
    }
  }

  /** A machine that never came up is listed as failed until it is launched anew: nothing was on it, so without notice. */
  async #launchFailed(member: GroupMember, error: HoldfastError): Promise<void> {
    const { clock, replaceFailedAfterMs } = this.#options;
    const expected = member.state === 'leaving' || this.#closed !== undefined;
    const failure = { code: error.code, message: error.message };
    member.happened({ type: 'failed', failure });
    await member.machine.stop({ hard: true });
    if (expected || this.#closed) return this.#stop(member, true, { replace: false });
    this.emit('event', { type: 'launch-failed', memberId: member.id, error });
    if (replaceFailedAfterMs === 'never') return;
    const waitMs = Math.min(RELAUNCH_MS.most, RELAUNCH_MS.first * 2 ** this.#launchFailures);
    this.#launchFailures += 1;
    member.cancelReplacement();
    member.cancelReplacement = clock.after(waitMs, () => {
      if (member.state === 'failed') void this.#stop(member, true);
    });
  }

  #crashed(member: GroupMember, end: ProcessEnd, killed: boolean): void {
    member.happened({ type: 'failed', failure: { code: 'NOT_READY', message: describeEnd(end) } });
    this.emit('event', { type: 'crashed', memberId: member.id, end, killed });
    this.#replaceLater(member);
  }

  #replaceLater(member: GroupMember): void {
    const { clock, replaceFailedAfterMs } = this.#options;
    if (replaceFailedAfterMs === 'never') return;
    member.cancelReplacement = clock.after(replaceFailedAfterMs, () => {
      if (member.state !== 'leaving') this.terminate(member.id, { kind: 'replacement', decrement: false });
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
    if (this.#closed) throw new HoldfastError('CLOUD_UNREACHABLE', 'the local cloud is closed');
  }
}

function describeEnd({ code, signal }: ProcessEnd): string {
  return `its server ended (${signal ?? `code ${code}`})`;
}
