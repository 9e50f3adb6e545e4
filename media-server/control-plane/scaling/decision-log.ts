import type {
  DecisionList,
  KeptDecision,
  MachineTrack,
  ScalingDecision,
  ScalingFigures,
  ScalingReport,
  ScalingSample,
} from '../../protocol/index.ts';
import type { Table } from '../store/store.ts';

export interface DecisionLogOptions {
  readonly decisions: Table<KeptDecision>;
  readonly samples: Table<ScalingSample>;
  readonly tracks: Table<MachineTrack>;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface LookOptions {
  /** So many decisions at most, the newest. */
  readonly limit: number;
  readonly samplesSinceMs: number;
}

const DECISIONS_KEPT = 300;
const SAMPLES_KEPT = 720;
const TRIMMED_EVERY = 60;
const KEPT_MS = 3_600_000;
const STEPS_KEPT = 40;
/** A sample that comes sooner after the last one shows nothing new, ms. */
const SAMPLE_SPACING_MS = 1000;

/** What was decided about the fleet and why, what there was meanwhile, and what each machine did. All of it bounded. */
export class DecisionLog {
  readonly #options: DecisionLogOptions;
  #lastSampleAtMs = Number.NEGATIVE_INFINITY;
  #samplesKept = 0;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
  }

  /** @param counts whether its figures are those of the fleet's leader, or there is none */
  async report(report: ScalingReport, counts: boolean): Promise<void> {
    await this.#keepDecision(report);
    if (report.figures && counts) await this.#keepFigures(report.figures);
  }

  async look({ limit, samplesSinceMs }: LookOptions): Promise<Omit<DecisionList, 'leader'>> {
    const { decisions, samples, tracks, now } = this.#options;
    return {
      nowMs: now(),
      decisions: (await rows(decisions)).sort(newestFirst).slice(0, limit),
      samples: (await rows(samples))
        .filter(({ atMs }) => atMs > samplesSinceMs)
        .sort((a, b) => a.atMs - b.atMs)
        .slice(-SAMPLES_KEPT),
      machines: (await rows(tracks)).sort((a, b) => begun(a) - begun(b) || (a.nodeId < b.nodeId ? -1 : 1)),
    };
  }

  async #keepDecision(report: ScalingReport): Promise<void> {
    const { decisions, now } = this.#options;
    const nowMs = now();
    const kept = (await rows(decisions)).sort(newestFirst);
    const present = kept.find(({ reportId }) => reportId === report.reportId) ?? sameAgain(kept, report);
    const { holder, decision, outcome, failure, fence } = report;
    const reportId = present?.reportId ?? report.reportId;
    await decisions.set(reportId, {
      reportId,
      holder,
      dryRun: fence === null,
      atMs: present?.atMs ?? nowMs,
      untilMs: nowMs,
      times: (present?.times ?? 0) + (present && decision.type !== 'hold' && fence !== null ? 0 : 1),
      decision,
      outcome,
      failure,
      figures: report.figures ?? present?.figures ?? null,
    });
    if (!present) for (const each of kept.slice(DECISIONS_KEPT - 1)) await decisions.delete(each.reportId);
  }

  async #keepFigures({ generation: _, machines, machinesLeftOut, ...sample }: ScalingFigures): Promise<void> {
    const nowMs = this.#options.now();
    if (nowMs - this.#lastSampleAtMs >= SAMPLE_SPACING_MS) {
      this.#lastSampleAtMs = nowMs;
      await this.#keepSample({ ...sample, atMs: nowMs });
    }
    const { tracks } = this.#options;
    const known = await tracks.list();
    const doing = new Map<string, MachineTrack['steps'][number]['doing']>(
      machines.map((machine) => [machine.nodeId, machine.doing]),
    );
    if (machinesLeftOut === 0) {
      for (const nodeId of known.keys()) if (!doing.has(nodeId)) doing.set(nodeId, 'gone');
    }
    for (const [nodeId, now] of doing) {
      const steps = known.get(nodeId)?.value.steps ?? [];
      const same = steps.at(-1)?.doing === now;
      // One that is gone is forgotten by and by; of the others the row is kept from vanishing.
      if (same && now === 'gone') continue;
      const extended = same ? steps : [...steps, { atMs: nowMs, doing: now }].slice(-STEPS_KEPT);
      await tracks.set(nodeId, { nodeId, steps: extended }, { ttlMs: KEPT_MS });
    }
  }

  async #keepSample(sample: ScalingSample): Promise<void> {
    const { samples } = this.#options;
    await samples.set(String(sample.atMs), sample, { ttlMs: KEPT_MS });
    this.#samplesKept += 1;
    // To look through all of them for each new one would cost more than a few too many.
    if (this.#samplesKept % TRIMMED_EVERY !== 0) return;
    const kept = (await rows(samples)).sort((a, b) => b.atMs - a.atMs);
    for (const { atMs } of kept.slice(SAMPLES_KEPT)) await samples.delete(String(atMs));
  }
}

/** To go on doing nothing is no new decision, nor is what a dry run would do still. */
function sameAgain(kept: readonly KeptDecision[], report: ScalingReport): KeptDecision | undefined {
  const { decision, holder, fence } = report;
  const dryRun = fence === null;
  const last = kept.find((each) => each.holder === holder && each.dryRun === dryRun);
  if (!last || last.decision.type !== decision.type) return undefined;
  const still = decision.type === 'hold' || (dryRun && targetOf(last.decision) === targetOf(decision));
  return still ? last : undefined;
}

function targetOf(decision: ScalingDecision): string | number | undefined {
  if ('nodeId' in decision) return decision.nodeId;
  return 'to' in decision ? decision.to : undefined;
}

async function rows<T>(table: Table<T>): Promise<T[]> {
  return [...(await table.list()).values()].map(({ value }) => value);
}

function newestFirst(a: KeptDecision, b: KeptDecision): number {
  return b.atMs - a.atMs || b.untilMs - a.untilMs;
}

function begun({ steps }: MachineTrack): number {
  return steps[0]?.atMs ?? 0;
}
