import { describe, expect, it } from 'vitest';
import { columns, ruleset } from '../../../../cli/bench/paths/columns.ts';
import { judgePaths } from '../../../../cli/bench/paths/paths-report.ts';

const measured = {
  id: 'tls-443',
  title: 'TLS',
  expected: 'turn-tls' as const,
  paths: ['turn-tls' as const, 'turn-tls' as const],
  told: { 'turn-tls': 2 },
  checked: 'turn-tls' as const,
  firstFrameMs: 900,
  backMs: null,
  handover: { steadyGapMs: 67, extraGapMs: 17, freezes: 0, emptyMs: 2000, paths: ['turn-tls' as const] },
  notes: [],
  failed: null,
};
const missed = (result: Parameters<typeof judgePaths>[0][number]) =>
  judgePaths([result])
    .filter(({ met }) => met !== true)
    .map(({ what }) => what);

describe('the kinds of network', () => {
  it('have names of their own, and a rule set each that begins from nothing', () => {
    expect(new Set(columns.map(({ id }) => id)).size).toBe(columns.length);
    for (const column of columns) expect(ruleset(column)).toMatch(/^flush ruleset\n/);
  });

  it('let TLS pass by name only through the proxy', () => {
    for (const column of columns) {
      expect(ruleset(column).includes('tcp dport 443 redirect to :8443')).toBe(column.byName);
    }
    expect(columns.filter(({ byName }) => byName)).toHaveLength(1);
  });
});

describe('the judgement', () => {
  it('is good when everything was as expected', () => {
    expect(missed(measured)).toEqual([]);
  });

  it('misses what went another way, came late, froze or was never there', () => {
    expect(missed({ ...measured, paths: ['udp', 'turn-tls'] })).toEqual([
      'TLS: legs by another path than turn-tls',
    ]);
    expect(missed({ ...measured, firstFrameMs: 2501 })).toEqual(['TLS: first picture, ms']);
    expect(missed({ ...measured, firstFrameMs: null })).toEqual(['TLS: first picture, ms']);
    const slow = { ...measured.handover, extraGapMs: 151 };
    expect(missed({ ...measured, handover: slow })).toEqual(['TLS: extra gap of the handover, ms']);
    expect(missed({ ...measured, paths: [], handover: null, failed: 'no browser' })).toHaveLength(3);
    expect(missed({ ...measured, checked: null })).toEqual(['TLS: holdfast check names another path']);
    expect(missed({ ...measured, told: {} })).toEqual(['TLS: people whose path operators are not told']);
  });

  it('takes either of two paths that race, where both are good', () => {
    const raced = {
      ...{ ...measured, id: 'no-udp', title: 'no UDP', expected: 'tcp' as const, checked: 'tcp' as const },
      ...{ paths: ['turn-tcp' as const, 'tcp' as const], told: { tcp: 1, 'turn-tcp': 1 } },
      handover: { ...measured.handover, paths: ['tcp' as const, 'turn-tcp' as const] },
    };
    expect(missed(raced)).toEqual([]);
    expect(missed({ ...raced, paths: ['turn-tls', 'tcp'] })).toEqual([
      'no UDP: legs by another path than tcp',
    ]);
  });
});
