import { ConnectionLimits } from '@holdfast/media-server/control-plane/gateway/connection-limits.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const rates = { total: 6, perAddress: 3, waitingTotal: 5, waitingPerAddress: 2 };

it('of those who wait, the oldest of the same address makes room', () => {
  const limits = new ConnectionLimits(rates);
  limits.add(1, 'other');
  limits.add(2, 'a');
  limits.add(3, 'a');
  expect(limits.ask('a')).toEqual({ kind: 'replace', evicted: 2 });
  expect(limits.ask('other')).toEqual({ kind: 'admit' });
});

it('who is being let in is not let go for others; when all are, no more are taken', () => {
  const limits = new ConnectionLimits(rates);
  for (const connection of [1, 2]) limits.add(connection, 'a');
  limits.entering(1, true);
  expect(limits.ask('a')).toEqual({ kind: 'replace', evicted: 2 });
  limits.entering(2, true);
  expect(limits.ask('a')).toEqual({ kind: 'refuse', because: 'address' });
  limits.entering(1, false);
  expect(limits.ask('a')).toEqual({ kind: 'replace', evicted: 1 });
});

it('with very many addresses, the oldest of all makes room', () => {
  const limits = new ConnectionLimits(rates);
  for (let i = 1; i <= 5; i += 1) limits.add(i, `address ${i}`);
  expect(limits.ask('new')).toEqual({ kind: 'replace', evicted: 1 });
});

it('who has entered is never let go for others, and leaves room for those who wait', () => {
  const limits = new ConnectionLimits(rates);
  limits.add(1, 'a');
  limits.enter(1);
  for (let i = 2; i < 100; i += 1) {
    const admission = limits.ask('a');
    expect(admission).not.toHaveProperty('evicted', 1);
    if (admission.kind === 'replace') limits.remove(admission.evicted);
    limits.add(i, 'a');
  }
  expect(limits.waiting).toBe(2);
});

it('refuses an address with too many participants, and everybody when there are too many in all', () => {
  const limits = new ConnectionLimits(rates);
  const enter = (connection: number, address: string) => {
    limits.add(connection, address);
    limits.enter(connection);
  };
  for (const connection of [1, 2, 3]) enter(connection, 'a');
  expect(limits.ask('a')).toEqual({ kind: 'refuse', because: 'address' });
  for (const connection of [4, 5, 6]) enter(connection, 'b');
  expect(limits.ask('c')).toEqual({ kind: 'refuse', because: 'total' });
  limits.remove(1);
  expect(limits.ask('a')).toEqual({ kind: 'admit' });
});

it('keeps within its limits and forgets everything, in whatever order they come, enter and go', () => {
  const step = fc.record({
    what: fc.constantFrom('come', 'enter', 'go'),
    of: fc.nat(30),
    address: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const limits = new ConnectionLimits(rates);
      let count = 0;
      for (const { what, of, address } of steps) {
        if (what === 'enter') limits.enter(of);
        else if (what === 'go') limits.remove(of);
        else {
          const admission = limits.ask(String(address));
          if (admission.kind === 'refuse') continue;
          if (admission.kind === 'replace') limits.remove(admission.evicted);
          limits.add(count, String(address));
          count += 1;
        }
        expect(limits.waiting).toBeLessThanOrEqual(rates.waitingTotal);
      }
      for (let connection = 0; connection < count; connection += 1) {
        limits.remove(connection);
        limits.remove(connection);
      }
      expect(limits.waiting).toBe(0);
      // Nothing is left that would count against anybody.
      for (let i = 0; i < rates.perAddress; i += 1) {
        expect(limits.ask('0')).toEqual({ kind: 'admit' });
        limits.add(count + i, '0');
        limits.enter(count + i);
      }
      expect(limits.ask('0').kind).toBe('refuse');
    }),
  );
});
