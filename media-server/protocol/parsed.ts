import { z } from 'zod';
import { HoldfastError } from './errors.ts';

/** What came in, parsed. What does not fit is the sender's mistake: BAD_REQUEST, with the field and why. */
export function parsed<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (!result.success) throw new HoldfastError('BAD_REQUEST', z.prettifyError(result.error));
  return result.data;
}
