// One start of Holdfast: set-up, then the command itself in a process of its own.
import { join } from 'node:path';
import { dependencies } from './dependencies.mjs';
import { Exit, SetupError } from './errors.mjs';
import { mutation } from './mutation.mjs';
import { environment, node, root } from './paths.mjs';
import { prepare } from './prepare.mjs';
import { handOver } from './processes.mjs';
import { watchSignals } from './signals.mjs';
import { test } from './test.mjs';

const program = join(root, 'cli', 'main.ts');

/** @type {Record<string, import('./prepare.mjs').Need[]>} what a command needs beside npm's packages */
const needs = {
  local: ['worker', 'pages', 'turn'],
  demo: ['browser', 'worker', 'pages'],
  bench: ['browser', 'worker', 'pages'],
  'bench turn': ['browser', 'worker', 'pages', 'turn'],
  'bench paths': ['browser', 'worker', 'pages', 'turn', 'networks'],
  bundle: ['worker', 'pages', 'turn'],
};

/**
 * @param {string[]} argv
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  watchSignals();
  try {
    const [command = '', ...args] = argv;
    if (command === 'test') return await test(args);
    if (command === 'mutation') return await mutation(args);
    const needed = needs[`${command} ${args[0]}`] ?? needs[command] ?? [];
    return await start(argv, needed, args);
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`holdfast: ${error.message}\n`);
    return 1;
  }
}

/**
 * @param {string[]} argv
 * @param {import('./prepare.mjs').Need[]} needed
 * @param {string[]} args
 */
async function start(argv, needed, args) {
  const [command] = argv;
  await dependencies(command === 'preview' ? 'everything' : 'meetings');
  const onlyAsks = args.some((arg) => ['-h', '--help', '-V', '--version'].includes(arg));
  const variables = onlyAsks ? {} : await prepare(needed, () => checkArguments(argv, args));
  return handOver(node(), [program, ...argv], environment(variables));
}

/**
 * A mistyped option should be told at once, not after minutes of set-up.
 * @param {string[]} argv
 * @param {string[]} args
 */
async function checkArguments(argv, args) {
  if (args.length === 0) return;
  const code = await handOver(node(), [program, ...argv], environment({ HOLDFAST_PARSE_ONLY: '1' }));
  if (code !== 0) throw new Exit(code);
}
