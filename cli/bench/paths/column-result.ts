import { mediaPath } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';

const seenPaths = z.array(mediaPath.nullable());

/** What was measured of one kind of network. */
export const columnResult = z.object({
  id: z.string(),
  title: z.string(),
  expected: mediaPath,
  /** The path of each participant; null: none. */
  paths: seenPaths,
  /** The same as operators are told of it. */
  told: z.partialRecord(mediaPath, z.int()),
  /** What `holdfast check` says in this network that a meeting will use; null: nothing. */
  checked: mediaPath.nullable(),
  /** From the first signalling connection to the first picture of somebody else, for who joins second, ms. */
  firstFrameMs: z.number().nullable(),
  /** After the client's address has changed: until every picture ran again, ms; null: it did not change. */
  backMs: z.number().nullable(),
  handover: z
    .object({
      /** The longest gap before it, and how much longer the longest one in it is. */
      steadyGapMs: z.number(),
      extraGapMs: z.number(),
      freezes: z.int(),
      emptyMs: z.number(),
      paths: seenPaths,
    })
    .nullable(),
  /** What this machine could not do. */
  notes: z.array(z.string()),
  /** Why it was not measured to the end, in words. */
  failed: z.string().nullable(),
});
export type ColumnResult = z.output<typeof columnResult>;

/** One line that the process in the server's namespace writes. */
export const bedLine = z.union([z.object({ say: z.string() }), z.object({ result: columnResult })]);
export type BedLine = z.output<typeof bedLine>;
