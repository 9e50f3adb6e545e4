import { z } from 'zod';

/** A resource of a stack. */
export const graphResource = z.object({
  type: z.string(),
  name: z.string(),
  /** Type and name of what it is part of; null: the stack. */
  parent: z.string().nullable(),
  inputs: z.record(z.string(), z.unknown()),
  protect: z.boolean(),
  /** Left behind when it leaves the stack. */
  retained: z.boolean(),
  ignored: z.array(z.string()),
});
export type GraphResource = z.output<typeof graphResource>;

export const graph = z.object({
  stack: z.string(),
  phase: z.string(),
  /** What had to be assumed, because it is not set yet. */
  assumed: z.array(z.string()),
  resources: z.array(graphResource),
});
export type Graph = z.output<typeof graph>;

export const keyOf = ({ type, name }: { type: string; name: string }) => `${type} ${name}`;
