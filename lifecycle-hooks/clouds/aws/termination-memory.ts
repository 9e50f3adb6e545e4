import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const terminationRecord = z.object({
  instanceId: z.string(),
  /** The metadata was first heard to speak of it. */
  heardAtMs: z.number(),
  /** The last time before that it did not; absent: it did from the first. */
  quietUntilMs: z.number().optional(),
  /** What the last heartbeat has given. */
  deadlineMs: z.number().optional(),
  /** No heartbeat gives more. */
  limitMs: z.number().optional(),
  completed: z.boolean().default(false),
});

/** What this machine has been told of its termination, and what was done about it. */
export type TerminationRecord = z.output<typeof terminationRecord>;

/**
 * Keeps it in a file, since AWS tells none of it twice: an agent that is started again would not know its deadline, nor how
 * much of the hook's whole time is over. The file belongs where a boot empties it.
 */
export class TerminationMemory {
  readonly #file: string;
  readonly #instanceId: string;
  /** For when the file cannot be written. */
  #last: TerminationRecord | undefined;

  constructor(file: string, instanceId: string) {
    this.#file = file;
    this.#instanceId = instanceId;
  }

  read(): TerminationRecord | undefined {
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch {
      // Not there, or half written by a machine that lost its power: the same as not told.
      return this.#last;
    }
    const record = terminationRecord.safeParse(content).data;
    return record?.instanceId === this.#instanceId ? record : this.#last;
  }

  /** Remembered by this process in any case; throws when it could not be written. */
  write(record: Omit<TerminationRecord, 'instanceId'>): void {
    const whole = { ...record, instanceId: this.#instanceId };
    this.#last = whole;
    const fresh = `${this.#file}.new`;
    writeFileSync(fresh, JSON.stringify(whole), { mode: 0o600 });
    renameSync(fresh, this.#file);
  }

  forget(): void {
    this.#last = undefined;
    rmSync(this.#file, { force: true });
  }
}
