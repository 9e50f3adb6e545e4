// Starts other programs, and ends them with everything they have started.
//
// Each gets a process group of its own: a terminal's Ctrl-C then reaches this process alone, which passes it on
// once, and a group can be ended as a whole.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { SetupError } from './errors.mjs';
import { environment, root } from './paths.mjs';
import { exitCodeOf, onSignal, throwIfInterrupted } from './signals.mjs';

const graceMs = 10_000;

/**
 * @typedef {object} Ended
 * @property {number} code the exit code; 128 and more after a signal, as in a shell
 * @property {string} output all it wrote, unless that went to a log
 */

/**
 * Runs a program that needs nobody's attention.
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.log] file to add its output to, in place of returning it
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} [options.timeoutMs] after which it is ended
 * @param {boolean} [options.mustFinish] ask it to stop and wait for as long as it takes; never kill it
 * @returns {Promise<Ended>}
 */
export async function run(command, args, options = {}) {
  throwIfInterrupted();
  const { log, cwd = root, env = environment(), timeoutMs, mustFinish = false } = options;
  const file = log === undefined ? undefined : openSync(log, 'a');
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', file ?? 'pipe', file ?? 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
    });
  }

  /** @type {NodeJS.Timeout | undefined} */
  let killer;
  const stop = () => {
    if (mustFinish) {
      child.kill('SIGINT');
      return;
    }
    endGroup(child, 'SIGTERM');
    killer ??= setTimeout(() => endGroup(child, 'SIGKILL'), graceMs);
  };
  const unsubscribe = onSignal(stop);
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
  try {
    const code = await ended(child);
    throwIfInterrupted();
    return { code, output };
  } finally {
    unsubscribe();
    clearTimeout(timer);
    clearTimeout(killer);
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Gives the terminal to a program until it ends. It hears every signal once and cleans up after itself.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit code
 */
export async function handOver(command, args, env) {
  throwIfInterrupted();
  const child = spawn(command, args, { env, detached: true, stdio: 'inherit' });
  // A closed terminal is no reason to die without cleaning up.
  const unsubscribe = onSignal((signal) => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
  try {
    return await ended(child);
  } finally {
    unsubscribe();
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new SetupError(`${child.spawnfile} could not be started (${error.message})`)),
    );
    child.once('close', (code, signal) => resolve(signal ? exitCodeOf(signal) : (code ?? 1)));
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the whole group has ended by itself meanwhile, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
