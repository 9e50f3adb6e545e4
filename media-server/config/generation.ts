import { createHash } from 'node:crypto';

/**
 * The generation of machines that are told this: a short hash of it, the same whatever order its keys are in. Whoever changes
 * what machines are told makes a new generation, and cannot forget to say so.
 */
export function generationOf(told: unknown): string {
  return createHash('sha256').update(canonical(told)).digest('hex').slice(0, 12);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
