import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { Drain } from '../drain/drain.ts';
import { knownGauges } from '../process/known-gauges.ts';
import type { CoturnProcess } from './coturn-process.ts';
import type { HealthWatch } from './health-watch.ts';
import type { RelayTally } from './relay-tally.ts';

/** What `/metrics` shows of a TURN server. */
export class TurnMetrics {
  readonly #registry = new Registry();

  constructor(
    nodeId: string,
    parts: {
      readonly tally: RelayTally;
      readonly drain: Drain;
      readonly health: HealthWatch;
      readonly coturn: CoturnProcess;
    },
  ) {
    const { tally, drain, health, coturn } = parts;
    this.#registry.setDefaultLabels({ node: nodeId });
    collectDefaultMetrics({ register: this.#registry });
    const registers = [this.#registry];
    const gauge = knownGauges(this.#registry);
    gauge('holdfast_turn_allocations', 'Allocations of participants', () => tally.allocations);
    gauge('holdfast_turn_users', 'Participants with an allocation', () => tally.users);
    gauge('holdfast_turn_healthy', '1 while allocations can be had', () => (health.healthy ? 1 : 0));
    gauge('holdfast_turn_draining', '1 while nobody new is sent here', () => (drain.accepting ? 0 : 1));
    gauge('holdfast_turn_allocation_seconds', 'How long the last allocation for a test took', () => {
      const { tookMs } = health.health;
      return tookMs === undefined ? undefined : tookMs / 1000;
    });
    new Counter({
      name: 'holdfast_turn_relayed_bytes_total',
      help: 'Bytes relayed to and from participants, counted in steps of 2048 packets and at the end of each allocation',
      labelNames: ['direction'],
      registers,
      collect() {
        this.reset();
        this.inc({ direction: 'to_clients' }, tally.toClientsBytes);
        this.inc({ direction: 'from_clients' }, tally.fromClientsBytes);
      },
    });
    const deaths = new Counter({
      name: 'holdfast_coturn_deaths_total',
      help: 'Times that coturn has ended by itself',
      registers,
    });
    coturn.on('ended', () => deaths.inc());
  }

  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
