import { DecisionLog } from '@holdfast/media-server/control-plane/scaling/decision-log.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import type { ScalingFigures, ScalingReport } from '@holdfast/media-server/protocol/index.ts';
import { beforeEach, describe, expect, it } from 'vitest';

const all = { limit: 300, samplesSinceMs: 0 };
let nowMs: number;
let log: DecisionLog;
beforeEach(() => {
  nowMs = 1_000_000;
  const now = () => nowMs;
  const store = new MemoryStore(now);
  log = new DecisionLog({ ...store, samples: store.scalingSamples, tracks: store.machineTracks, now });
});

function figures(
  machines: ScalingFigures['machines'] = [],
  about: Partial<ScalingFigures> = {},
): ScalingFigures {
  return {
    generation: 'g1',
    wanted: 1,
    capacityWorkers: 2,
    usedWorkers: 0.5,
    freeWorkers: 1.5,
    askingMeetings: 0,
    meetings: 1,
    participants: 3,
    machines,
    machinesLeftOut: 0,
    ...about,
  };
}

function report(reportId: string, about: Partial<ScalingReport> = {}): ScalingReport {
  const decision = { type: 'drain', nodeId: 'n1', reason: 'surplus' } as const;
  const head = { reportId, holder: 'a', fence: 7, failure: null, figures: null } as const;
  return { ...head, decision, outcome: 'begun', ...about };
}
const hold = (reportId: string, reason: string, about: Partial<ScalingReport> = {}) =>
  report(reportId, { decision: { type: 'hold', reason }, outcome: 'held', ...about });

describe('the log of decisions', () => {
  it('has the newest first, each with its outcome and the figures it was made from', async () => {
    await log.report(report('one', { figures: figures() }), true);
    nowMs += 1000;
    await log.report(
      report('one', { outcome: 'failed', failure: { code: 'CLOUD_QUOTA', message: 'no' } }),
      true,
    );
    nowMs += 1000;
    await log.report(report('two', { outcome: 'done' }), true);
    const { decisions } = await log.look(all);
    expect(decisions).toMatchObject([
      { reportId: 'two', outcome: 'done' },
      {
        reportId: 'one',
        outcome: 'failed',
        failure: { code: 'CLOUD_QUOTA' },
        atMs: 1_000_000,
        untilMs: 1_001_000,
        figures: { usedWorkers: 0.5 },
      },
    ]);
    expect((await log.look({ ...all, limit: 1 })).decisions.map(({ reportId }) => reportId)).toEqual(['two']);
  });

  it('counts holds that follow each other as one, with the last reason; what comes between ends it', async () => {
    for (const [index, reason] of ['10 s ago', '15 s ago', '20 s ago'].entries()) {
      await log.report(hold(`h${index}`, reason), true);
      nowMs += 5000;
    }
    await log.report(report('act'), true);
    nowMs += 5000;
    await log.report(hold('h9', 'again'), true);
    expect((await log.look(all)).decisions).toMatchObject([
      { reportId: 'h9', times: 1 },
      { reportId: 'act' },
      { reportId: 'h0', times: 3, decision: { reason: '20 s ago' }, atMs: 1_000_000, untilMs: 1_010_000 },
    ]);
  });

  it('keeps the holds of a dry run apart from the leader’s', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await log.report(hold(`a${turn}`, 'leader'), true);
      await log.report(hold(`b${turn}`, 'dry', { holder: 'b', fence: null }), false);
    }
    const { decisions } = await log.look(all);
    expect(decisions.map(({ holder, dryRun, times }) => ({ holder, dryRun, times }))).toEqual(
      expect.arrayContaining([
        { holder: 'a', dryRun: false, times: 3 },
        { holder: 'b', dryRun: true, times: 3 },
      ]),
    );
    expect(decisions).toHaveLength(2);
  });

  it('counts what a dry run would still do as one decision', async () => {
    const wouldGrow = (reportId: string, to: number) =>
      report(reportId, {
        holder: 'b',
        fence: null,
        decision: { type: 'grow', to, prefer: {}, reason: 'so' },
      });
    for (const [index, to] of [2, 2, 2, 3].entries()) await log.report(wouldGrow(`d${index}`, to), false);
    const { decisions } = await log.look(all);
    expect(
      decisions.map(({ decision, dryRun }) => [decision.type === 'grow' && decision.to, dryRun]),
    ).toEqual(
      expect.arrayContaining([
        [2, true],
        [3, true],
      ]),
    );
    expect(decisions).toHaveLength(2);
  });

  it('forgets the oldest of many decisions and samples', async () => {
    for (let index = 0; index < 1000; index += 1) {
      await log.report(report(`r${index}`, { figures: figures() }), true);
      nowMs += 1000;
    }
    const { decisions, samples } = await log.look(all);
    expect(decisions).toHaveLength(300);
    expect(decisions[0]?.reportId).toBe('r999');
    expect(samples).toHaveLength(720);
    expect(samples.at(-1)?.atMs).toBe(nowMs - 1000);
  });

  it('samples once a second at most, and gives only those that are newer than asked for', async () => {
    for (let index = 0; index < 10; index += 1) {
      await log.report(hold(`h${index}`, 'nothing', { figures: figures() }), true);
      nowMs += 500;
    }
    const { samples } = await log.look(all);
    expect(samples).toHaveLength(5);
    const second = samples[1]?.atMs ?? 0;
    expect((await log.look({ ...all, samplesSinceMs: second })).samples).toHaveLength(3);
  });

  it('says what each machine did, from when on, and when it was gone', async () => {
    const doing = ['launching', 'arriving', 'serving', 'serving', 'leaving'] as const;
    for (const each of doing) {
      await log.report(hold('h', 'so', { figures: figures([{ nodeId: 'n1', doing: each }]) }), true);
      nowMs += 1000;
    }
    for (let turn = 0; turn < 2; turn += 1) {
      await log.report(hold('h', 'so', { figures: figures([]) }), true);
      nowMs += 1000;
    }
    expect((await log.look(all)).machines).toEqual([
      {
        nodeId: 'n1',
        steps: [
          { atMs: 1_000_000, doing: 'launching' },
          { atMs: 1_001_000, doing: 'arriving' },
          { atMs: 1_002_000, doing: 'serving' },
          { atMs: 1_004_000, doing: 'leaving' },
          { atMs: 1_005_000, doing: 'gone' },
        ],
      },
    ]);
  });

  it('does not take a machine for gone that a report left out', async () => {
    await log.report(hold('h', 'so', { figures: figures([{ nodeId: 'n1', doing: 'serving' }]) }), true);
    await log.report(hold('h', 'so', { figures: figures([], { machinesLeftOut: 1 }) }), true);
    expect((await log.look(all)).machines[0]?.steps.map(({ doing }) => doing)).toEqual(['serving']);
  });

  it('forgets a machine an hour after it was gone', async () => {
    await log.report(hold('h', 'so', { figures: figures([{ nodeId: 'n1', doing: 'serving' }]) }), true);
    await log.report(hold('h', 'so', { figures: figures([]) }), true);
    nowMs += 3_600_000;
    expect((await log.look(all)).machines).toEqual([]);
  });

  it('takes no figures from a dry run beside a leader', async () => {
    await log.report(
      hold('h', 'so', { fence: null, figures: figures([{ nodeId: 'n1', doing: 'serving' }]) }),
      false,
    );
    const { samples, machines, decisions } = await log.look(all);
    expect(samples).toEqual([]);
    expect(machines).toEqual([]);
    expect(decisions).toHaveLength(1);
  });
});
