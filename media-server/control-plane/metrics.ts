import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { mediaPath } from '../protocol/index.ts';
import { ScalingMetrics } from './scaling/scaling-metrics.ts';
import type { LeaderRecord } from './store/records.ts';

export interface MetricSources {
  readonly sessions: () => Readonly<Record<string, number>>;
  readonly legs: () => number;
  /** Participants by the path of their media, and of them those whose path is bad. */
  readonly paths: () => { readonly paths: Readonly<Record<string, number>>; readonly poorPaths: number };
  readonly nodes: () => Promise<Readonly<Record<string, number>>>;
  readonly meetings: () => Promise<number>;
  readonly scalingLeader: () => Promise<LeaderRecord | undefined>;
}

/** What `/metrics` shows of a control-plane replica. */
export class ControlPlaneMetrics {
  readonly scaling: ScalingMetrics;
  readonly #registry = new Registry();
  readonly #joins: Counter;
  readonly #resumes: Counter;
  readonly #refusals: Counter<'code'>;
  readonly #moves: Counter<'outcome'>;
  readonly #recoveries: Counter<'cause'>;
  readonly #recoverySeconds: Histogram;
  readonly #unauthenticated: Counter<'who'>;
  readonly #signalRefusals: Counter<'what'>;

  constructor(replicaId: string, sources: MetricSources) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ replica: replicaId });
    this.scaling = new ScalingMetrics(this.#registry, sources.scalingLeader);
    this.#joins = new Counter({ name: 'holdfast_joins_total', help: 'Participants who entered', registers });
    this.#resumes = new Counter({
      name: 'holdfast_resumes_total',
      help: 'Sessions taken up again after a lost connection',
      registers,
    });
    this.#refusals = new Counter({
      name: 'holdfast_refusals_total',
      help: 'Joins and resumes refused, by error code',
      labelNames: ['code'],
      registers,
    });
    this.#unauthenticated = new Counter({
      name: 'holdfast_unauthenticated_total',
      help: 'Requests with a wrong or missing token, by who should have had one',
      labelNames: ['who'],
      registers,
    });
    this.#signalRefusals = new Counter({
      name: 'holdfast_signal_refusals_total',
      help: "Participants' messages and connections above a limit, by what was refused, dropped or ended",
      labelNames: ['what'],
      registers,
    });
    this.#moves = new Counter({
      name: 'holdfast_moves_total',
      help: 'Moves of meetings, by outcome',
      labelNames: ['outcome'],
      registers,
    });
    this.#recoveries = new Counter({
      name: 'holdfast_recoveries_total',
      help: 'Meetings recovered because their node was gone, by cause',
      labelNames: ['cause'],
      registers,
    });
    this.#recoverySeconds = new Histogram({
      name: 'holdfast_recovery_duration_seconds',
      help: 'From noticing the loss until every connected participant was sent its new leg',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    byState('holdfast_sessions', "Participants' sessions, by state", registers, sources.sessions);
    byState('holdfast_nodes', 'Media nodes, by state', registers, sources.nodes);
    new Gauge({
      name: 'holdfast_legs',
      help: 'Legs this gateway speaks for',
      registers,
      collect() {
        this.set(sources.legs());
      },
    });
    new Gauge({
      name: 'holdfast_participants_by_path',
      help: 'Participants by the path of their media: straight to the node, or through a TURN server',
      labelNames: ['path'],
      registers,
      collect() {
        const { paths } = sources.paths();
        for (const path of mediaPath.options) this.set({ path }, paths[path] ?? 0);
      },
    });
    new Gauge({
      name: 'holdfast_participants_with_poor_path',
      help: 'Participants who notice that the path of their media is slow or loses packets',
      registers,
      collect() {
        this.set(sources.paths().poorPaths);
      },
    });
    new Gauge({
      name: 'holdfast_meetings',
      help: 'Running meetings',
      registers,
      async collect() {
        this.set(await sources.meetings());
      },
    });
  }

  /** Adds the process's own: memory, CPU, event loop. Once a process. */
  includeProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  joined(): void {
    this.#joins.inc();
  }

  resumed(): void {
    this.#resumes.inc();
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  unauthenticated(who: string): void {
    this.#unauthenticated.inc({ who });
  }

  signalRefused(what: 'message' | 'relay' | 'report' | 'connection' | 'address' | 'total' | 'evicted'): void {
    this.#signalRefusals.inc({ what });
  }

  move(outcome: 'begun' | 'committed' | 'aborted'): void {
    this.#moves.inc({ outcome });
  }

  recovered(cause: string, durationMs: number): void {
    this.#recoveries.inc({ cause });
    this.#recoverySeconds.observe(durationMs / 1000);
  }

  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

function byState(
  name: string,
  help: string,
  registers: Registry[],
  read: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: ['state'],
    registers,
    async collect() {
      for (const [state, count] of Object.entries(await read())) this.set({ state }, count);
    },
  });
}
