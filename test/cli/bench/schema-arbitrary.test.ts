import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { arbitraryOf } from '../../../cli/bench/abuse/schema-arbitrary.ts';

const schema = z.object({
  id: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  kind: z.enum(['audio', 'video']),
  one: z.literal(1),
  either: z.union([z.int().min(3).max(9), z.null()]),
  share: z.number().min(0).max(1),
  list: z
    .array(z.object({ ok: z.boolean() }))
    .min(1)
    .max(3),
  more: z.record(z.string(), z.int()),
  perhaps: z.string().max(500).optional(),
});

describe('values made from a schema', () => {
  it('are values that the schema accepts', () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => {
        expect(schema.safeParse(value).error).toBeUndefined();
      }),
    );
  });

  it('leave out what may be left out, now and then', () => {
    const values = fc.sample(arbitraryOf(schema), { numRuns: 100, seed: 1 });
    const given = values.filter((value) => schema.parse(value).perhaps !== undefined);
    expect(given.length).toBeGreaterThan(0);
    expect(given.length).toBeLessThan(values.length);
  });

  it('have the values that somebody else knows better in their place, at any depth', () => {
    const nested = z.object({ inner: z.object({ token: z.string(), other: z.int() }) });
    fc.assert(
      fc.property(
        arbitraryOf(nested, (name) => (name === 'token' ? fc.constant('mine') : undefined)),
        (value) => {
          expect(nested.parse(value).inner.token).toBe('mine');
        },
      ),
    );
  });
});
