// `npm test`: set-up, the static checks, all tests, and the sum of both as the last line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './checks.mjs';
import { dependencies } from './dependencies.mjs';
import { environment } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { handOver } from './processes.mjs';
import { throwIfInterrupted } from './signals.mjs';
import { countTests } from './test-results.mjs';

const help = `Usage: npm test [-- [--fast] [filters]]

Checks types, style and imports, then runs the tests. The last line is their sum.

  --fast    static checks and unit tests only: no browser, no media worker, no Pulumi
  -h, --help

Everything else goes to vitest, for example:
  npm test -- planner            the tests whose path contains "planner"
  npm test -- -t 'drains once'   the tests of that name
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function test(args) {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return 0;
  }
  const fast = args.includes('--fast');
  await dependencies('everything');
  const variables = await prepare(
    fast ? [] : ['browser', 'worker', 'pages', 'turn', 'networks', 'pulumi', 'debian-root'],
  );
  const checks = await runChecks();
  const tests = await runTests(
    [...(fast ? ['--project', 'unit'] : []), ...args.filter((arg) => arg !== '--fast')],
    variables,
  );
  const failed = checks.failed + tests.failed;
  process.stdout.write(
    `${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped\n`,
  );
  return failed === 0 ? 0 : 1;
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} variables
 */
async function runTests(args, variables) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const results = join(folder, 'results.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
    // In a log, colours are noise; vitest shows them wherever the variable CI is set.
    const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
    const code = await handOver(
      'vitest',
      ['run', ...reporters, ...args],
      environment({ ...variables, ...plain }),
    );
    throwIfInterrupted();
    return countTests(results, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
