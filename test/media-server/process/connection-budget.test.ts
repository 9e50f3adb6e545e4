import {
  type Budget,
  type BudgetLimits,
  CLIENT_BUDGET,
  fullBudget,
  judge,
} from '@holdfast/media-server/process/connection-budget.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const limits: BudgetLimits = {
  messages: { perSecond: 10, burst: 20 },
  bytes: { perSecond: 1000, burst: 2000 },
  requestsUnderWay: 3,
  strikes: { perSecond: 1, burst: 5 },
  bytesBeforeEntry: 100,
};
const entered = (atMs = 0, of = limits): Budget => ({ ...fullBudget(of, atMs), entered: true });

function send(budget: Budget, times: number, nowMs: number, of = limits, bytes = 1) {
  const kinds: string[] = [];
  let left = budget;
  for (let i = 0; i < times; i += 1) {
    const judged = judge(left, { bytes, requestsUnderWay: 0 }, of, nowMs);
    left = judged.budget;
    kinds.push(judged.verdict.kind);
  }
  return { kinds, left, count: (kind: string) => kinds.filter((k) => k === kind).length };
}

it('takes the burst, refuses what is above it, ends whoever goes on all the same', () => {
  const { kinds } = send(entered(), 26, 0);
  expect(kinds.slice(0, 20)).toEqual(Array(20).fill('take'));
  expect(kinds.slice(20, 25)).toEqual(Array(5).fill('refuse'));
  expect(kinds[25]).toBe('end');
});

it('says when there is room again, and then there is', () => {
  const { left } = send(entered(), 20, 0);
  const { verdict, budget } = judge(left, { bytes: 1, requestsUnderWay: 0 }, limits, 0);
  expect(verdict).toEqual({ kind: 'refuse', retryAfterMs: 100 });
  expect(judge(budget, { bytes: 1, requestsUnderWay: 0 }, limits, 100).verdict.kind).toBe('take');
});

it('counts bytes as well as messages', () => {
  expect(send(entered(), 5, 0, limits, 500).kinds).toEqual(['take', 'take', 'take', 'take', 'refuse']);
});

it('takes nothing more while too many requests are under way', () => {
  expect(judge(entered(), { bytes: 1, requestsUnderWay: 3 }, limits, 0).verdict.kind).toBe('refuse');
  expect(judge(entered(), { bytes: 1, requestsUnderWay: 2 }, limits, 0).verdict.kind).toBe('take');
});

it('bounds all the bytes before entering, however slowly they come', () => {
  let budget = fullBudget(limits, 0);
  const kinds: string[] = [];
  for (let second = 0; second < 11; second += 1) {
    const judged = judge(budget, { bytes: 10, requestsUnderWay: 0 }, limits, second * 1000);
    budget = judged.budget;
    kinds.push(judged.verdict.kind);
  }
  expect(kinds).toEqual([...Array(10).fill('take'), 'end']);
});

it('carries a join, a handover and a resume of a meeting of twenty in the same second, for a browser', () => {
  expect(send(entered(0, CLIENT_BUDGET), 3 * 120, 0, CLIENT_BUDGET, 2000).count('take')).toBe(360);
});

it('never takes more than the burst and the rate allow, in whatever order and however the clock jumps', () => {
  const message = fc.record({
    waitMs: fc.integer({ min: -500, max: 2000 }),
    bytes: fc.integer({ min: 1, max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 200 }), (messages) => {
      let budget = entered();
      let nowMs = 0;
      let latestMs = 0;
      let taken = 0;
      let bytes = 0;
      for (const next of messages) {
        nowMs += next.waitMs;
        latestMs = Math.max(latestMs, nowMs);
        const judged = judge(budget, { bytes: next.bytes, requestsUnderWay: 0 }, limits, nowMs);
        budget = judged.budget;
        if (judged.verdict.kind !== 'take') continue;
        taken += 1;
        bytes += next.bytes;
      }
      expect(taken).toBeLessThanOrEqual(20 + latestMs / 100 + 1e-6);
      expect(bytes).toBeLessThanOrEqual(2000 + latestMs + 1e-6);
    }),
  );
});

it('takes a refused message after the time that was told', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 100 }), (sizes) => {
      let budget = entered();
      let nowMs = 0;
      for (const bytes of sizes) {
        const first = judge(budget, { bytes, requestsUnderWay: 0 }, limits, nowMs);
        budget = first.budget;
        if (first.verdict.kind === 'take') continue;
        if (first.verdict.kind === 'end') return;
        nowMs += first.verdict.retryAfterMs;
        const second = judge(budget, { bytes, requestsUnderWay: 0 }, limits, nowMs);
        budget = second.budget;
        expect(second.verdict.kind).toBe('take');
      }
    }),
  );
});
