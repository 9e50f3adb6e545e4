import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated } from '../../../cli/bench/abuse/mutations.ts';

const valid = { a: 1, list: [{ b: 'x' }, { b: 'y' }], inner: { c: true } };
const samples = () => fc.sample(mutated(fc.constant(valid)), { numRuns: 500, seed: 5 });

describe('damaged values', () => {
  it('are damaged, nearly always', () => {
    const whole = samples().filter((value) => JSON.stringify(value) === JSON.stringify(valid));
    expect(whole.length).toBeLessThan(25);
  });

  it('leave the value that they are made from as it is', () => {
    samples();
    expect(valid).toEqual({ a: 1, list: [{ b: 'x' }, { b: 'y' }], inner: { c: true } });
  });

  it('lose a property, gain one, or hold something of another type at any depth', () => {
    const shapes = samples().map((value) => JSON.stringify(value) ?? '');
    expect(shapes.some((text) => text.includes('"a":1') && !text.includes('"inner"'))).toBe(true);
    expect(
      shapes.some((text) => text.startsWith('{"a":1,"list":[{"b":"x"},{"b":"y"}],"inner":{"c":true},')),
    ).toBe(true);
    expect(
      shapes.some((text) => text.startsWith('{"a":1,"list":[{"b":') && !text.includes('{"b":"x"}')),
    ).toBe(true);
  });
});
