import { describe, expect, it } from 'vitest';
import type { AbuseNumbers } from '../../../cli/bench/abuse.ts';
import { judgeAbuse, mostGrowth } from '../../../cli/bench/abuse-report.ts';
import { verdict } from '../../../cli/bench/targets.ts';

const good: AbuseNumbers = {
  seed: 1,
  messages: 100,
  connections: 10,
  attackMs: 1000,
  tally: { sent: { damaged: 60, huge: 40 }, answers: {}, connections: {}, rest: {}, joins: {} },
  losses: { nodes: [], workers: 0, restarts: [], silentMs: 0 },
  recoveries: 0,
  people: {
    steady: { byPicture: { 'Ada → Ben': 60 }, freezes: 0, longest: 'none' },
    apart: { byPicture: { 'Ada → Ben': 80 }, freezes: 0, longest: 'none' },
    together: { byPicture: { 'Ada → Ben': 80, 'Ben → Ada': 250 }, freezes: 0, longest: 'none' },
  },
  lost: { participants: 0, streams: 0 },
  joinsMeanwhile: { tried: 3, failed: [], slowestMs: 40 },
  joinsAfter: { tried: 9, failed: [] },
  memoryMb: { before: { a: 100 }, at: { a: 300 }, after: { a: 150 } },
};
const missed = (numbers: Partial<AbuseNumbers>) =>
  judgeAbuse({ ...good, ...numbers })
    .filter(({ met }) => met === false)
    .map(({ what }) => what);

describe('the verdict on an attack', () => {
  it('is good when nobody noticed anything', () => {
    expect(missed({})).toEqual([]);
    expect(verdict(judgeAbuse(good))).toBe('All 9 targets met.');
  });

  it.each([
    ['messages not sent', { messages: 101 }],
    ['nodes lost', { losses: { ...good.losses, nodes: ['node-1'] } }],
    ['workers lost', { losses: { ...good.losses, workers: 1 } }],
    ['processes started again', { losses: { ...good.losses, restarts: ['control-plane'] } }],
    [
      'worst gap at the screens, ms',
      {
        people: {
          ...good.people,
          together: { byPicture: { 'Ada → Ben': 251 }, freezes: 1, longest: 'none' },
        },
      },
    ],
    [
      'worst gap at the screens, ms',
      { people: { ...good.people, apart: { byPicture: { 'Ada → Ben': 251 }, freezes: 1, longest: 'none' } } },
    ],
    ['people and streams lost', { lost: { participants: 1, streams: 0 } }],
    ['joins elsewhere that failed meanwhile', { joinsMeanwhile: { tried: 3, failed: ['x'], slowestMs: 1 } }],
    ['joins anywhere that failed afterwards', { joinsAfter: { tried: 9, failed: ['x'] } }],
    ['memory kept after the quiet, MB', { memoryMb: { ...good.memoryMb, after: { a: 151 } } }],
  ])('names what was missed: %s', (what, numbers: Partial<AbuseNumbers>) => {
    expect(missed(numbers)).toEqual([what]);
  });

  it('does not call good what could not be measured', () => {
    const judged = judgeAbuse({ ...good, memoryMb: { before: {}, at: {}, after: {} } });
    expect(judged.find(({ what }) => what.startsWith('memory'))?.met).toBeNull();
  });
});

describe('growth of memory', () => {
  it('is that of the process that grew most; a new one has grown from nothing', () => {
    expect(mostGrowth({ a: 100, b: 50 }, { a: 101, b: 70 })).toBe(20);
    expect(mostGrowth({ a: 100 }, { a: 90, c: 80 })).toBe(80);
  });
});
