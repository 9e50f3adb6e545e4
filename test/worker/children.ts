import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of this process's children whose program has this name, from /proc. */
export function findChildren(parent: number, program: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(fields[1]) === parent && stat.includes(`(${program.slice(0, 15)}`);
      } catch {
        // It ended in the meantime.
        return false;
      }
    });
}
