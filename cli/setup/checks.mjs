// What is checked without running the program: types, style, directions of imports, leftovers.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environment, root } from './paths.mjs';
import { run } from './processes.mjs';

/** @type {{ name: string, command: string[], of?: string }[]} `of`: a file without which there is nothing to check */
const checks = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  {
    name: 'types in the browser',
    command: ['tsc', '-p', 'media-server/web'],
    of: 'media-server/web/tsconfig.json',
  },
  { name: 'style', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'directions of imports', command: ['depcruise', '--config', '.dependency-cruiser.mjs', '.'] },
  { name: 'leftovers', command: ['knip'] },
];

const atOnce = 2;

/**
 * Runs them all, tells how each went, and shows what the failed ones say.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runChecks() {
  const waiting = checks.filter(({ of }) => of === undefined || existsSync(join(root, of)));
  const count = { passed: 0, failed: 0 };
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const good = await runCheck(check);
      count[good ? 'passed' : 'failed'] += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return count;
}

/** @param {{ name: string, command: string[] }} check */
async function runCheck({ name, command: [program = '', ...args] }) {
  const startedAt = performance.now();
  const color = process.stdout.isTTY ? { FORCE_COLOR: '1' } : undefined;
  const { code, output } = await run(program, args, { env: environment(color) });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? '✔' : '✖'} ${name} (${seconds} s)\n`);
  if (code !== 0) process.stdout.write(`${output.trimEnd()}\n\n`);
  return code === 0;
}
