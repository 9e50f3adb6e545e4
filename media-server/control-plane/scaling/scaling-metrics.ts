import { Counter, Gauge, type Registry } from 'prom-client';
import type { ScalingReport } from '../../protocol/index.ts';
import type { LeaderRecord } from '../store/records.ts';

const workersOf = {
  capacity: 'capacityWorkers',
  used: 'usedWorkers',
  free: 'freeWorkers',
} as const;

/** What `/metrics` shows of the autoscaler's decisions; none of it when there is no autoscaler. */
export class ScalingMetrics {
  readonly #decisions: Counter<'type' | 'outcome'>;
  readonly #workers: Gauge<'what'>;
  readonly #wanted: Gauge;
  readonly #asking: Gauge;

  constructor(registry: Registry, leader: () => Promise<LeaderRecord | undefined>) {
    const registers = [registry];
    this.#decisions = new Counter({
      name: 'holdfast_scaling_decisions_total',
      help: "The leader's decisions, by type and outcome",
      labelNames: ['type', 'outcome'],
      registers,
    });
    this.#workers = new Gauge({
      name: 'holdfast_scaling_workers',
      help: 'Workers of the fleet as the leader last saw them: all, taken by meetings, and free for new ones',
      labelNames: ['what'],
      registers,
    });
    this.#wanted = new Gauge({
      name: 'holdfast_scaling_machines_wanted',
      help: 'Machines that the cloud is to keep',
      registers,
    });
    this.#asking = new Gauge({
      name: 'holdfast_scaling_meetings_asking',
      help: 'Meetings that ask for room and have none',
      registers,
    });
    new Gauge({
      name: 'holdfast_scaling_leader',
      help: 'The autoscaler that leads',
      labelNames: ['holder'],
      registers,
      async collect() {
        this.reset();
        const present = await leader();
        if (present) this.set({ holder: present.holder }, 1);
      },
    });
  }

  report({ decision, outcome, figures }: ScalingReport): void {
    if (outcome !== 'begun') this.#decisions.inc({ type: decision.type, outcome });
    if (!figures) return;
    this.#wanted.set(figures.wanted);
    this.#asking.set(figures.askingMeetings);
    for (const [what, figure] of Object.entries(workersOf)) this.#workers.set({ what }, figures[figure]);
  }
}
