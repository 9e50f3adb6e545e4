// Keeps two set-ups from doing the same work at once. Nothing is corrupted without it (results are renamed into
// place), except npm's installation, which two would do into the same folder.
import { closeSync, openSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './paths.mjs';
import { throwIfInterrupted } from './signals.mjs';

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
  while (!take(file)) {
    throwIfInterrupted();
    const heldFor = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (heldFor > deadAfterMs) rmSync(file, { force: true });
    else await sleep(200);
  }
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(file, { force: true });
  }
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
