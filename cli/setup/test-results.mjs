// Reads the counts from what vitest's JSON reporter has written.
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} Report
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults one for each file
 */

/**
 * @param {string} file
 * @param {number} exitCode vitest's own
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countTests(file, exitCode) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Report} */
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { testResults: [] };
  for (const { status, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') count.passed += 1;
      else if (test.status === 'failed') count.failed += 1;
      else count.skipped += 1;
    }
    // A file that could not be loaded has no tests to fail.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) count.failed += 1;
  }
  // No file found, an unhandled rejection, a crash: vitest knows of a failure that is no test's.
  if (exitCode !== 0 && count.failed === 0) count.failed = 1;
  return count;
}
