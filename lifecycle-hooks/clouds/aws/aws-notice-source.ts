import type { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import { deadlineAtMs } from '../deadline.ts';
import type { Notice, NoticeSource } from '../types.ts';
import type { AutoScalingApi, HookTarget } from './auto-scaling-api.ts';
import { heard, terminationId, terminationNotice } from './metadata-notices.ts';
import { noneAnswered, type Readings, readAll, unansweredBecause } from './metadata-reading.ts';
import type { TerminationMemory, TerminationRecord } from './termination-memory.ts';

export interface AwsNoticeSourceOptions extends HookTarget {
  /** What the hook gives each time as far as is known without asking, ms. */
  readonly heartbeatTimeoutMs: number;
  readonly metadata: AwsMetadata;
  readonly api: Pick<AutoScalingApi, 'heartbeat' | 'complete' | 'hook' | 'lifecycleState'>;
  readonly memory: TerminationMemory;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between two looks at the metadata, ms. */
  readonly pollMs?: number;
  /** This long before a maintenance its notice becomes an order, ms. */
  readonly maintenanceLeadMs?: number;
  /** Called after each look: whether the metadata answered. */
  readonly onLook?: (answered: boolean) => void;
}

const MAINTENANCE_LEAD_MS = 600_000;
const POLL_MS = 2000;
/** Between two looks at metadata that does not answer, ms. */
const RETRY_MS = { first: 500, most: 5000 };
/** For how long a hook that should hold this machine and does not is asked again, ms. */
const PATIENCE_MS = 60_000;
/** AWS's own rule for what it does not tell: so many heartbeats, and two days at most. */
const GLOBAL = { heartbeats: 100, mostMs: 172_800_000 };

interface HookTimes {
  readonly heartbeatMs: number;
  readonly globalMs: number;
}

/** Notices of this machine from its metadata, and its termination hook at Auto Scaling. */
export class AwsNoticeSource implements NoticeSource {
  readonly #options: Required<AwsNoticeSourceOptions>;
  #hookTimes: HookTimes;
  #notActiveSinceMs: number | undefined;

  constructor(options: AwsNoticeSourceOptions) {
    this.#options = {
      pollMs: POLL_MS,
      maintenanceLeadMs: MAINTENANCE_LEAD_MS,
      onLook: () => {},
      ...options,
    };
    const { heartbeatTimeoutMs } = options;
    this.#hookTimes = {
      heartbeatMs: heartbeatTimeoutMs,
      globalMs: Math.min(GLOBAL.mostMs, GLOBAL.heartbeats * heartbeatTimeoutMs),
    };
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Notice> {
    const { metadata, clock, log, pollMs, onLook } = this.#options;
    const told = new Map<string, Notice>();
    const unreadable = new Set<string>();
    let quietAtMs: number | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const askedAtMs = clock.now();
      const readings = await readAll(metadata, signal);
      if (signal.aborted) return;
      const why = unansweredBecause(readings);
      onLook(why === undefined);
      // Once for each time that it falls silent: it is asked every few seconds.
      if (why && failures === 0) log.error({ message: why.message }, 'metadata.unanswered');
      if (!why && failures > 0) log.info({ failures }, 'metadata.answers_again');
      failures = why ? failures + 1 : 0;
      const known = [...told.values()].filter(({ status }) => status === 'pending');
      const termination = this.#remembered(readings, quietAtMs);
      if (saysNothingOfTermination(readings)) quietAtMs = askedAtMs;
      const news = heard(known, readings, this.#situation(termination));
      for (const text of news.unreadable) {
        if (!unreadable.has(text)) log.error({ text }, 'metadata.unreadable');
        unreadable.add(text);
      }
      for (const notice of news.notices) {
        if (JSON.stringify(told.get(notice.id)) === JSON.stringify(notice)) continue;
        told.set(notice.id, notice);
        yield notice;
      }
      await pause(clock, noneAnswered(readings) ? retryMs(failures) : pollMs, signal);
    }
  }

  /** What is known of the termination that the metadata speaks of; it is kept from the first time on. */
  #remembered({ lifecycle }: Readings, quietAtMs: number | undefined): TerminationRecord | undefined {
    const { memory, clock } = this.#options;
    if (lifecycle.kind !== 'said') return memory.read();
    const target = lifecycle.text.trim();
    if (target !== 'Terminated') {
      if (target === 'InService') memory.forget();
      return undefined;
    }
    return (
      memory.read() ??
      this.#keep({
        ...newRecord(clock.now()),
        ...(quietAtMs === undefined ? {} : { quietUntilMs: quietAtMs }),
      })
    );
  }

  #keep(record: NewRecord): TerminationRecord {
    const { memory, log, instanceId } = this.#options;
    try {
      memory.write(record);
    } catch (error) {
      // A full disk must not keep anybody from being moved.
      log.error({ err: error }, 'aws.termination_not_kept');
    }
    return { ...record, instanceId };
  }

  #situation(termination: TerminationRecord | undefined) {
    const { instanceId, clock, maintenanceLeadMs } = this.#options;
    return {
      instanceId,
      nowMs: clock.now(),
      termination,
      heartbeatTimeoutMs: this.#hookTimes.heartbeatMs,
      maintenanceLeadMs,
    };
  }

  async extend(notice: Notice): Promise<Notice> {
    this.#assertTermination(notice, 'extended');
    const { api, clock } = this.#options;
    // Whatever the answer takes, the hook has counted from no earlier than now.
    const askedAtMs = clock.now();
    const [answer] = await Promise.all([api.heartbeat(this.#target), this.#learnTimes()]);
    if (answer === 'not-active') {
      await this.#assertOver();
      throw new HoldfastError('CLOUD_REFUSED', 'the hook does not hold this machine any more');
    }
    this.#notActiveSinceMs = undefined;
    const { memory } = this.#options;
    const record = memory.read() ?? newRecord(askedAtMs);
    const { heartbeatMs, globalMs } = this.#hookTimes;
    const limitMs = (record.quietUntilMs ?? record.heardAtMs) + globalMs;
    const deadlineMs = Math.min(askedAtMs + heartbeatMs, limitMs);
    const termination = this.#keep({ ...record, deadlineMs, limitMs });
    if (notice.deadline.kind === 'known' && deadlineMs <= (deadlineAtMs(notice.deadline) ?? Infinity))
      throw new HoldfastError('CLOUD_REFUSED', 'the hook gives no more time');
    return terminationNotice(this.#situation(termination));
  }

  async complete(notice: Notice): Promise<void> {
    this.#assertTermination(notice, 'completed');
    const { api, memory, clock, log } = this.#options;
    const record = memory.read() ?? newRecord(clock.now());
    if (record.completed) return;
    const answer = await api.complete(this.#target);
    if (answer === 'not-active') {
      await this.#assertOver();
      log.info('aws.hook_was_over');
    }
    this.#keep({ ...record, completed: true });
  }

  /**
   * The hook does not hold this machine: it has been completed, or its time was over; or it does not hold it yet, since a
   * load balancer comes first. Completing too early and leaving it at that would cost the hook's whole time. Resolves when
   * it is over, CLOUD_CONFLICT when it may come yet.
   */
  async #assertOver(): Promise<void> {
    const { api, clock, instanceId, log } = this.#options;
    this.#notActiveSinceMs ??= clock.now();
    const waitedMs = clock.now() - this.#notActiveSinceMs;
    let state: string | undefined;
    try {
      state = await api.lifecycleState(instanceId);
    } catch (thrown) {
      const { code, message } = toHoldfastError(thrown);
      log.warn({ code, message }, 'aws.state_not_described');
      state = 'unknown';
    }
    if (state === undefined || /^(Terminating:(Proceed|Retained)|Terminated|Detach)/.test(state)) return;
    if (state !== 'Terminating' && waitedMs >= PATIENCE_MS) return;
    throw new HoldfastError('CLOUD_CONFLICT', `the hook does not hold this machine yet (${state})`);
  }

  #assertTermination({ id }: Notice, what: string): void {
    if (id !== terminationId(this.#options.instanceId))
      throw new HoldfastError('CLOUD_REFUSED', `the notice ${id} cannot be ${what}`);
  }

  /** Never fails: what was known before is better than not to ask for time. */
  async #learnTimes(): Promise<void> {
    const { api, group, hook: name, log } = this.#options;
    try {
      const hook = await api.hook(group, name);
      if (hook)
        this.#hookTimes = {
          heartbeatMs: hook.HeartbeatTimeout * 1000,
          globalMs: hook.GlobalTimeout * 1000,
        };
      else log.error({ group, hook: name }, 'aws.hook_missing');
    } catch (thrown) {
      const { code, message } = toHoldfastError(thrown);
      log.warn({ code, message }, 'aws.hook_not_described');
    }
  }

  get #target(): HookTarget {
    const { group, hook, instanceId } = this.#options;
    return { group, hook, instanceId };
  }
}

type NewRecord = Omit<TerminationRecord, 'instanceId'>;

function newRecord(heardAtMs: number): NewRecord {
  return { heardAtMs, completed: false };
}

function saysNothingOfTermination({ lifecycle }: Readings): boolean {
  return (
    lifecycle.kind === 'nothing' || (lifecycle.kind === 'said' && lifecycle.text.trim() !== 'Terminated')
  );
}

/** Twice as long each time, up to a bound, and never all machines at once. */
function retryMs(failures: number): number {
  const longest = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (failures - 1));
  return longest * (0.5 + Math.random() / 2);
}
