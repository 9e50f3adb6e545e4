import type { ScalingReport } from '@holdfast/media-server/protocol/index.ts';
import { Counter, Gauge, Registry } from 'prom-client';

/** What the autoscaler counts, for `/metrics`. */
export class AutoscalerMetrics {
  readonly #registry = new Registry();
  readonly #decisions = new Counter({
    name: 'holdfast_autoscaler_decisions_total',
    help: 'Decisions by type and outcome.',
    labelNames: ['type', 'outcome'],
    registers: [this.#registry],
  });
  readonly #failures = new Counter({
    name: 'holdfast_autoscaler_failed_looks_total',
    help: 'Looks at fleet and platform that came to nothing, by error code.',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  readonly #leads = this.#gauge('holdfast_autoscaler_leads', '1: this process leads.');
  readonly #capacity = this.#gauge('holdfast_autoscaler_workers', 'Workers of all reachable nodes.');
  readonly #used = this.#gauge('holdfast_autoscaler_used_workers', 'Workers taken by meetings.');
  readonly #free = this.#gauge('holdfast_autoscaler_free_workers', 'Workers free for new meetings.');
  readonly #asking = this.#gauge('holdfast_autoscaler_asking_meetings', 'Meetings that ask for room.');
  readonly #wanted = this.#gauge(
    'holdfast_autoscaler_machines_wanted',
    'Machines that the cloud is to keep.',
  );

  leads(whether: boolean): void {
    this.#leads.set(whether ? 1 : 0);
  }

  failed(code: string): void {
    this.#failures.inc({ code });
  }

  reported({ decision, outcome, figures }: ScalingReport): void {
    if (outcome !== 'begun') this.#decisions.inc({ type: decision.type, outcome });
    if (!figures) return;
    this.#capacity.set(figures.capacityWorkers);
    this.#used.set(figures.usedWorkers);
    this.#free.set(figures.freeWorkers);
    this.#asking.set(figures.askingMeetings);
    this.#wanted.set(figures.wanted);
  }

  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}
