import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { register as registerBench } from './bench/command.ts';
import { register as registerBundle } from './bundle/command.ts';
import { register as registerCheck } from './check/command.ts';
import { register as registerDemo } from './demo/command.ts';
import { register as registerLocal } from './local/command.ts';
import { register as registerPreview } from './preview/command.ts';

/** Exit code for a command line that cannot be understood. */
const EXIT_USAGE = 2;

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

const program = new Command('holdfast')
  .description('Self-hosted video conferencing whose meetings survive scale-in.')
  .version(version)
  .helpCommand(false)
  .exitOverride()
  .addHelpText('after', '\nExamples:\n  $ holdfast demo\n  $ holdfast local --nodes 3');

// Subcommands inherit exitOverride only when they are made after it was set.
registerLocal(program);
registerDemo(program);
registerBench(program);
registerBundle(program);
registerPreview(program);
registerCheck(program);

// Set-up asks first whether the command line is right, before it begins what takes minutes.
if (process.env.HOLDFAST_PARSE_ONLY) program.hook('preAction', () => process.exit(0));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // commander has said what is wrong. Asking for help is no mistake; everything else it refuses is one of usage.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
}
