import { Counter, Gauge, Registry } from 'prom-client';
import type { DrainPhase } from './drain-plan.ts';

const phases: readonly DrainPhase[] = ['idle', 'draining', 'drained', 'releasing', 'released', 'cancelling'];

/** What the agent counts, for `/metrics`. */
export class AgentMetrics {
  readonly registry = new Registry();
  readonly #phase = this.#gauge('holdfast_agent_phase', 'Where the drain stands: 1 for the present phase.', [
    'phase',
  ]);
  readonly #notices = this.#counter(
    'holdfast_agent_notices_total',
    'Notices of the cloud by kind and source.',
    ['kind', 'source'],
  );
  readonly #completed = this.#counter('holdfast_agent_notices_completed_total', 'Notices completed.', []);
  readonly #extended = this.#counter(
    'holdfast_agent_extensions_total',
    'Times the cloud was asked for more time.',
    ['result'],
  );
  readonly #cut = this.#counter(
    'holdfast_agent_participants_cut_total',
    'People cut off because time was over.',
    [],
  );
  readonly #unanswered = this.#counter(
    'holdfast_agent_node_unanswered_total',
    'Requests the media node did not answer.',
    ['reason'],
  );
  readonly #sourceErrors = this.#counter('holdfast_agent_cloud_errors_total', 'Failed calls to the cloud.', [
    'call',
  ]);
  readonly #evacuation = this.#gauge(
    'holdfast_agent_last_evacuation_seconds',
    'From the first notice until the node was empty, the last time.',
    [],
  );

  readonly #emptySince = this.#gauge(
    'holdfast_agent_empty_since_timestamp_seconds',
    'Since when the machine holds nobody and the cloud has not taken its completion, Unix time; 0: no such time.',
    [],
  );
  readonly #letGo = this.#gauge(
    'holdfast_agent_last_release_seconds',
    'From the empty node until the cloud took its completion, the last time.',
    [],
  );

  constructor() {
    this.phase('idle');
  }

  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  phase(phase: DrainPhase): void {
    for (const each of phases) this.#phase.set({ phase: each }, each === phase ? 1 : 0);
  }

  notice(kind: string, source: string): void {
    this.#notices.inc({ kind, source });
  }

  completed(): void {
    this.#completed.inc();
  }

  /** Undefined: the machine is not one that is empty and paid for. */
  emptySince(ms: number | undefined): void {
    this.#emptySince.set((ms ?? 0) / 1000);
  }

  letGoAfter(milliseconds: number): void {
    this.#letGo.set(milliseconds / 1000);
  }

  extension(result: 'given' | 'refused' | 'failed'): void {
    this.#extended.inc({ result });
  }

  cut(participants: number): void {
    this.#cut.inc(participants);
  }

  unanswered(reason: 'silent' | 'gone'): void {
    this.#unanswered.inc({ reason });
  }

  cloudError(call: 'watch' | 'extend' | 'complete'): void {
    this.#sourceErrors.inc({ call });
  }

  evacuated(milliseconds: number): void {
    this.#evacuation.set(milliseconds / 1000);
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
