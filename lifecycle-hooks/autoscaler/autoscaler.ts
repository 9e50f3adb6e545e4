import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import {
  type ErrorCode,
  type HoldfastError,
  MOST_REASON_CHARACTERS,
  type ScalingFigures,
  type ScalingReport,
  toHoldfastError,
} from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { FleetDriver } from '../clouds/types.ts';
import { AutoscalerMetrics } from './autoscaler-metrics.ts';
import type { ControlPlanePort } from './control-plane-port.ts';
import type { Act, Decision } from './decision.ts';
import { figuresOf } from './figures.ts';
import type { Intent, Journal, Lease } from './lease.ts';
import { afterFailure, emptyMemory, type Memory } from './memory.ts';
import { plan } from './planner.ts';
import type { ScalingPolicy } from './policy.ts';

export interface AutoscalerOptions {
  /** Names this process among all that may lead. */
  readonly holder: string;
  readonly driver: FleetDriver;
  readonly controlPlane: ControlPlanePort;
  readonly lease: Lease;
  readonly policy: ScalingPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  /** Plans and tells, and does nothing. */
  readonly dryRun?: boolean;
  readonly intervalMs?: number;
  readonly leaseMs?: number;
  readonly metrics?: AutoscalerMetrics;
}

/** What became of one step. */
export type Step =
  | { readonly did: 'stood by'; readonly leader: string }
  | { readonly did: 'waited'; readonly why: string }
  /** `figures`: what it was made from. */
  | { readonly did: 'decided'; readonly decision: Decision; readonly figures: ScalingFigures }
  | { readonly did: 'acted'; readonly decision: Decision }
  /** `unsure`: it may have had its effect, and is repeated under the same name. */
  | {
      readonly did: 'failed';
      readonly decision: Decision;
      readonly code: ErrorCode;
      readonly unsure: boolean;
    };

/** After these it is not known whether there was an effect. */
const unsureCodes: readonly ErrorCode[] = [
  'CLOUD_UNREACHABLE',
  'NODE_UNREACHABLE',
  'TIMEOUT',
  'CONNECTION_CLOSED',
  'INTERNAL',
];
/** An operation that is still unsure after so many attempts is left; what came of it is seen. */
const MOST_ATTEMPTS = 5;
/** What is in the way of an operation is gone sooner than what refuses it, ms. */
const CONFLICT_REST_MS = 30_000;
const THROTTLED_MS = 10_000;

/**
 * Observes, plans and acts, one step at a time. Before it acts it writes down what it is about to do, under its lease; a
 * successor finishes that under the same name, and what a leader that has been replaced still does is refused or is the
 * same once more. So it may be killed or stopped between any two calls.
 */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #metrics: AutoscalerMetrics;
  #memory: Memory = emptyMemory;
  #fence: number | undefined;
  /** What is planned from must be as of later than this: it shows our own last order, and our predecessor's. */
  #seenSinceMs = 0;
  #notBeforeMs = 0;
  /** The operation that this process began last. */
  #begun: string | undefined;
  /** When it last looked and came to an end; undefined: not yet. */
  #lookedAtMs: number | undefined;
  #lastFailure: HoldfastError | undefined;
  #leads = false;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? new AutoscalerMetrics();
  }

  /** Whether it led when it last looked. */
  get leads(): boolean {
    return this.#leads;
  }

  /** How it is: when it last looked at fleet and platform, and why it could not since. */
  get health(): { readonly lookedAtMs: number | undefined; readonly failure: string | undefined } {
    const failure = this.#lastFailure;
    return { lookedAtMs: this.#lookedAtMs, failure: failure && `${failure.code}: ${failure.message}` };
  }

  /** Works until the signal aborts; then somebody else may lead at once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, intervalMs = 5000, lease } = this.#options;
    while (!signal.aborted) {
      try {
        const { did } = await this.step();
        this.#leads = did !== 'stood by' && this.#fence !== undefined;
        this.#metrics.leads(this.#leads);
        this.#lookedAtMs = clock.now();
        this.#lastFailure = undefined;
      } catch (error) {
        const failure = toHoldfastError(error);
        const { code, message } = failure;
        this.#lastFailure = failure;
        this.#metrics.failed(code);
        log.warn({ code, message }, 'scaling.step_failed');
      }
      await pause(clock, intervalMs, signal);
    }
    if (this.#fence === undefined) return;
    // A lease that cannot be given back ends by itself.
    await lease
      .resign(this.#fence)
      .catch((error: unknown) => log.warn({ code: toHoldfastError(error).code }, 'scaling.not_resigned'));
  }

  /** One look and at most one act. Throws what the lease, the control plane or the cloud throws when they are asked. */
  async step(): Promise<Step> {
    const { clock, lease, holder, dryRun = false, leaseMs = 20_000 } = this.#options;
    if (dryRun) return this.#decide();
    const lead = await lease.take(holder, leaseMs);
    if (!lead.held) return { did: 'stood by', leader: lead.by };
    if (lead.fence !== this.#fence) this.#beginToLead(lead.fence);
    const nowMs = clock.now();
    if (nowMs < this.#notBeforeMs) return { did: 'waited', why: 'the cloud asked for a pause' };
    const journal = lead.journal ?? { id: newJournalId(nowMs, lead.fence), sequence: 0, intent: null };
    if (journal.intent) return this.#finish(journal, journal.intent);
    const step = await this.#decide();
    if (step.did !== 'decided' || step.decision.type === 'hold') return step;
    const sequence = journal.sequence + 1;
    const operationId = `${journal.id}-${sequence}`;
    const intent: Intent = { operationId, decision: step.decision, sinceMs: nowMs, attempts: 1 };
    this.#begun = operationId;
    return this.#act({ ...journal, sequence, intent }, intent, step.figures);
  }

  #beginToLead(fence: number): void {
    const { clock, log, holder } = this.#options;
    log.info({ holder, fence }, 'scaling.leads');
    this.#fence = fence;
    this.#memory = emptyMemory;
    this.#seenSinceMs = clock.now();
  }

  async #decide(): Promise<Step> {
    const { driver, controlPlane, policy, clock, log, holder, dryRun = false } = this.#options;
    const [fleet, platform] = await Promise.all([driver.describe(), controlPlane.observe()]);
    const observation = { fleet, platform };
    if (platform.asOfMs < this.#seenSinceMs)
      return { did: 'waited', why: 'what the control plane says is older than the last order' };
    const { decisions, memory } = plan(observation, policy, this.#memory, clock.now());
    this.#memory = memory;
    const [decision] = decisions;
    log[decision.type === 'hold' ? 'debug' : 'info'](
      { decision, dryRun, wanted: fleet.wanted, members: fleet.members.length, nodes: platform.nodes.length },
      'scaling.decision',
    );
    const figures = figuresOf(observation, clock.now());
    const reportId = `${holder}-${Math.floor(clock.now())}`;
    if (decision.type === 'hold') await this.#tell({ reportId, decision, outcome: 'held', figures });
    else if (dryRun) await this.#tell({ reportId, decision, outcome: 'begun', figures });
    return { did: 'decided', decision, figures };
  }

  /** Keeps it for operators to see. Nothing hangs on it. */
  async #tell({
    failure = null,
    figures = null,
    ...about
  }: Pick<ScalingReport, 'reportId' | 'decision' | 'outcome'> &
    Partial<Pick<ScalingReport, 'failure' | 'figures'>>): Promise<void> {
    const { controlPlane, holder, log, dryRun = false } = this.#options;
    const fence = dryRun ? null : (this.#fence ?? null);
    const report: ScalingReport = { ...about, holder, fence, failure: failure && brief(failure), figures };
    this.#metrics.reported(report);
    await controlPlane.report(report).catch((error: unknown) => {
      const { code, message } = toHoldfastError(error);
      log.warn({ code, message, reportId: report.reportId }, 'scaling.not_reported');
    });
  }

  /** What was begun and may have had its effect. */
  async #finish(journal: Journal, intent: Intent): Promise<Step> {
    const { log, policy, clock } = this.#options;
    const { decision } = intent;
    if (intent.attempts >= MOST_ATTEMPTS || !(await this.#stillRight(decision))) {
      log.warn({ intent }, 'scaling.intent_dropped');
      this.#memory = afterFailure(this.#memory, decision, policy.restMs, clock.now());
      await this.#write({ ...journal, intent: null });
      await this.#tell({ reportId: intent.operationId, decision, outcome: 'dropped' });
      return { did: 'waited', why: `${decision.type} was begun and is not right any more` };
    }
    // A drain that another leader may still order late is taken back: with our token seen, theirs is refused.
    const foreign = intent.operationId !== this.#begun;
    const again: Intent = {
      ...intent,
      attempts: intent.attempts + 1,
      decision: foreign && decision.type === 'drain' ? { ...decision, type: 'cancel-drain' } : decision,
    };
    return this.#act({ ...journal, intent: again }, again);
  }

  /** Whether what was begun is still to be done. Only a release can have become wrong: somebody gave the node work again. */
  async #stillRight(decision: Act): Promise<boolean> {
    if (decision.type !== 'release') return true;
    const { nodes } = await this.#options.controlPlane.observe();
    const node = nodes.find(({ nodeId }) => nodeId === decision.nodeId);
    return node === undefined || (node.drain !== 'active' && node.meetings.length === 0);
  }

  async #act(journal: Journal, intent: Intent, figures: ScalingFigures | null = null): Promise<Step> {
    const { clock, log } = this.#options;
    const { decision, operationId: reportId } = intent;
    await this.#write(journal);
    await this.#tell({ reportId, decision, outcome: 'begun', figures });
    try {
      await this.#perform(intent);
    } catch (error) {
      const failure = toHoldfastError(error);
      const { code, message } = failure;
      const unsure = unsureCodes.includes(code);
      log.warn({ intent, code, message, unsure }, 'scaling.failed');
      if (code === 'LEASE_LOST') throw failure;
      this.#seenSinceMs = clock.now();
      if (!unsure) {
        this.#learnFrom(failure, decision);
        await this.#write({ ...journal, intent: null });
      }
      await this.#tell({ reportId, decision, outcome: 'failed', failure: { code, message } });
      return { did: 'failed', decision, code, unsure };
    }
    this.#seenSinceMs = clock.now();
    log.info({ intent }, 'scaling.done');
    await this.#write({ ...journal, intent: null });
    await this.#tell({ reportId, decision, outcome: 'done' });
    return { did: 'acted', decision };
  }

  #learnFrom({ code, retryAfterMs }: HoldfastError, decision: Decision): void {
    const { clock, policy } = this.#options;
    const nowMs = clock.now();
    if (code === 'CLOUD_THROTTLED') this.#notBeforeMs = nowMs + (retryAfterMs ?? THROTTLED_MS);
    else {
      const restMs = code === 'CLOUD_CONFLICT' ? CONFLICT_REST_MS : policy.restMs;
      this.#memory = afterFailure(this.#memory, decision, restMs, nowMs);
    }
  }

  async #perform({ decision, operationId }: Intent): Promise<void> {
    const { driver, controlPlane } = this.#options;
    const order = { operationId, fence: this.#fence ?? 0, reason: decision.reason };
    switch (decision.type) {
      case 'grow':
        return driver.grow({ operationId, to: decision.to, prefer: decision.prefer });
      case 'give-up':
        return driver.giveUp(decision.nodeId, operationId);
      case 'release':
        return driver.release(decision.nodeId, operationId);
      case 'drain':
        return controlPlane.drain(decision.nodeId, order);
      case 'cancel-drain':
        return controlPlane.cancelDrain(decision.nodeId, order);
    }
  }

  async #write(journal: Journal): Promise<void> {
    await this.#options.lease.write(this.#fence ?? 0, journal);
  }
}

/** An SDK's message may be a whole page of HTML. */
function brief({ code, message }: NonNullable<ScalingReport['failure']>): ScalingReport['failure'] {
  return { code, message: message.slice(0, MOST_REASON_CHARACTERS) };
}

/** Another one for every journal that was ever begun: a lost journal must not give out its names again. */
function newJournalId(nowMs: number, fence: number): string {
  return `scale-${Math.floor(nowMs).toString(36)}-${fence}`;
}
