// Keeps two set-ups from doing the same work at once. Nothing is corrupted without it (results are renamed into
// place), except npm's installation, which two would do into the same folder.
import { closeSync, existsSync, openSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './paths.mjs';
import { throwIfInterrupted } from './signals.mjs';
import { step } from './step.mjs';

const beatMs = 3_000;
// Not a process id: the cache may be shared by containers, which cannot see each other's processes.
const deadAfterMs = 20_000;

/**
 * Does a piece of work while nobody else holds the lock of that name.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  const file = join(cacheFolder('locks'), name);
  if (!take(file)) await step('waiting for another set-up that does the same', () => waitFor(file));
  const beat = setInterval(() => {
    // Whoever clears the cache takes the lock along, and may.
    if (existsSync(file)) utimesSync(file, new Date(), new Date());
  }, beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
async function waitFor(file) {
  do {
    throwIfInterrupted();
    const silentFor = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (silentFor > deadAfterMs) rmSync(file, { force: true });
    else await sleep(200);
  } while (!take(file));
}

/** @param {string} file */
function take(file) {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
