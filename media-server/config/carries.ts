import { z } from 'zod';

/** What one machine carries, where it was measured better than `capacity/machine-capacity.ts` knows; absent: as there. */
export const carries = z
  .strictObject({
    /** Streams that one worker forwards. */
    workerStreams: z.number().positive(),
    /** Streams that Node's own thread serves. */
    nodeStreams: z.number().positive(),
    /** What the machine may send, bits per second. */
    networkBps: z.number().positive(),
  })
  .partial();
