import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { knownGauges } from '../process/known-gauges.ts';
import type { Evacuation } from './evacuation.ts';
import type { LoadMeter } from './load.ts';
import type { MeetingStore } from './meeting-store.ts';
import type { ProducerPolice } from './producer-police.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What `/metrics` shows of a media node, named as Prometheus' conventions have it. */
export class NodeMetrics {
  readonly #registry = new Registry();

  constructor(
    nodeId: string,
    parts: {
      pool: WorkerPool;
      meetings: MeetingStore;
      evacuation: Evacuation;
      load: LoadMeter;
      police: ProducerPolice;
      rejections: () => number;
    },
  ) {
    const { pool, meetings, evacuation, load, police, rejections } = parts;
    this.#registry.setDefaultLabels({ node: nodeId });
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    const gauge = knownGauges(this.#registry);
    gauge('holdfast_node_meetings', 'Meetings on this node', () => meetings.all.length);
    gauge('holdfast_node_participants', 'Participants on this node', () => meetings.participantCount);
    gauge('holdfast_node_workers', 'mediasoup workers running', () => pool.running.length);
    gauge(
      'holdfast_node_stress_ratio',
      'Worst measure against its target; 1 is at target',
      () => load.current().stress,
    );
    gauge('holdfast_node_draining', '1 while the node takes no new meetings', () =>
      evacuation.drain.accepting ? 0 : 1,
    );
    new Gauge({
      name: 'holdfast_worker_cpu_cores',
      help: 'Cores used by each worker',
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset();
        for (const { index } of pool.running) {
          const cpu = load.cpuOf(index);
          if (cpu !== null) this.set({ worker: String(index) }, cpu);
        }
      },
    });
    const moves = new Counter({
      name: 'holdfast_handovers_total',
      help: 'Meetings moved away',
      labelNames: ['result'],
      registers,
    });
    const stragglers = new Counter({
      name: 'holdfast_handover_stragglers_total',
      help: 'Switches still missing at a commit',
      registers,
    });
    const duration = new Histogram({
      name: 'holdfast_handover_duration_seconds',
      help: 'From the reservation until the old legs were closed',
      buckets: [0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 15],
      registers,
    });
    evacuation.on('moved', (move) => {
      moves.inc({ result: 'moved' });
      stragglers.inc(move.stragglers);
      duration.observe(move.durationMs / 1000);
    });
    evacuation.on('moveFailed', () => moves.inc({ result: 'failed' }));
    const deaths = new Counter({
      name: 'holdfast_worker_deaths_total',
      help: 'Workers that died',
      registers,
    });
    pool.on('workerDied', () => deaths.inc());
    const stopped = new Counter({
      name: 'holdfast_producers_stopped_total',
      help: 'Producers closed because they sent more than their allowance',
      registers,
    });
    police.on('stopped', () => stopped.inc());
    const lost = new Counter({
      name: 'holdfast_legs_broken_total',
      help: 'Legs whose media broke',
      registers,
    });
    meetings.on('legBroken', () => lost.inc());
    gauge(
      'holdfast_node_unhandled_rejections',
      'Rejections that nobody handled since the process started: each is a fault of this program',
      rejections,
    );
  }

  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
