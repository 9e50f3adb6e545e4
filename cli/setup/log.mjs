// A step's log: kept when the step fails, gone when it succeeds.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './paths.mjs';

/**
 * @template T
 * @param {string} name of the step
 * @param {(log: string) => Promise<T>} work gets the path of a file to add to
 * @returns {Promise<T>}
 */
export async function withLog(name, work) {
  const log = join(cacheFolder('logs'), `${name}-${process.pid}.log`);
  writeFileSync(log, '');
  const result = await work(log);
  rmSync(log);
  return result;
}
