// A step's log: kept when the step fails, gone when it succeeds.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit } from './errors.mjs';
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
  /** @type {unknown} */
  let failure;
  try {
    return await work(log);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    // Being told to stop is no failure.
    if (failure === undefined || failure instanceof Exit) rmSync(log);
  }
}
