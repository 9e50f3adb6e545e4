import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import {
  type ErrorCode,
  type HoldfastError,
  toHoldfastError,
} from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { FleetDriver } from '../clouds/types.ts';
import type { ControlPlanePort } from './control-plane-port.ts';
import type { Decision } from './decision.ts';
import type { Intent, Journal, Lease } from './lease.ts';
import { afterFailure, emptyMemory, type Memory } from './memory.ts';
import type { Observation } from './observation.ts';
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
  /** Told every decision, with what it was made from. */
  readonly onDecision?: (decision: Decision, observation: Observation) => void;
}

/** What became of one step. */
export type Step =
  | { readonly did: 'stood by'; readonly leader: string }
  | { readonly did: 'waited'; readonly why: string }
  | { readonly did: 'decided'; readonly decision: Decision }
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
  #memory: Memory = emptyMemory;
  #fence: number | undefined;
  /** What is planned from must be as of later than this: it shows our own last order, and our predecessor's. */
  #seenSinceMs = 0;
  #notBeforeMs = 0;
  /** The operation that this process began last. */
  #begun: string | undefined;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
  }

  /** Works until the signal aborts; then somebody else may lead at once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, intervalMs = 5000, lease } = this.#options;
    while (!signal.aborted) {
      try {
        await this.step();
      } catch (error) {
        const { code, message } = toHoldfastError(error);
        log.warn({ code, message }, 'scaling.step_failed');
      }
      await pause(clock, intervalMs, signal);
    }
    if (this.#fence !== undefined) await lease.resign(this.#fence);
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
    return this.#act({ ...journal, sequence, intent }, intent);
  }

  #beginToLead(fence: number): void {
    const { clock, log, holder } = this.#options;
    log.info({ holder, fence }, 'scaling.leads');
    this.#fence = fence;
    this.#memory = emptyMemory;
    this.#seenSinceMs = clock.now();
  }

  async #decide(): Promise<Step> {
    const { driver, controlPlane, policy, clock, log, onDecision, dryRun = false } = this.#options;
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
    onDecision?.(decision, observation);
    return { did: 'decided', decision };
  }

  /** What was begun and may have had its effect. */
  async #finish(journal: Journal, intent: Intent): Promise<Step> {
    const { log, policy, clock } = this.#options;
    const { decision } = intent;
    if (intent.attempts >= MOST_ATTEMPTS || !(await this.#stillRight(decision))) {
      log.warn({ intent }, 'scaling.intent_dropped');
      this.#memory = afterFailure(this.#memory, decision, policy.restMs, clock.now());
      await this.#write({ ...journal, intent: null });
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
  async #stillRight(decision: Intent['decision']): Promise<boolean> {
    if (decision.type !== 'release') return true;
    const { nodes } = await this.#options.controlPlane.observe();
    const node = nodes.find(({ nodeId }) => nodeId === decision.nodeId);
    return node === undefined || (node.drain !== 'active' && node.meetings.length === 0);
  }

  async #act(journal: Journal, intent: Intent): Promise<Step> {
    const { clock, log } = this.#options;
    const { decision } = intent;
    await this.#write(journal);
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
      return { did: 'failed', decision, code, unsure };
    }
    this.#seenSinceMs = clock.now();
    log.info({ intent }, 'scaling.done');
    await this.#write({ ...journal, intent: null });
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

/** Another one for every journal that was ever begun: a lost journal must not give out its names again. */
function newJournalId(nowMs: number, fence: number): string {
  return `scale-${Math.floor(nowMs).toString(36)}-${fence}`;
}
