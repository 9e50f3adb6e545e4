import { type Command, InvalidArgumentError } from 'commander';
import type { PreviewFlags } from './run-preview.ts';

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('give a number of 0 or more.');
  return value;
}

function percent(text: string): number {
  const value = positive(text);
  if (value > 100) throw new InvalidArgumentError('give a number from 0 to 100.');
  return value;
}

/** Adds the command `preview`. */
export function register(program: Command): void {
  program
    .command('preview')
    .description(
      'what a stack is, costs a month, and does to running meetings when it changes; needs no credentials',
    )
    .argument('<stack>', 'a stack of the folder stacks, or a file Pulumi.NAME.yaml')
    .option('--against <what>', 'another stack, file or checkout, to see what changes')
    .option('--plan <file>', 'judge the output of `pulumi preview --json` instead ("-": standard input)')
    .option('--participants <n>', 'at the same time, on average, for the traffic', positive)
    .option('--hours <n>', 'hours a month with meetings', positive)
    .option('--mbit <n>', 'what a participant receives, Mbit/s', positive)
    .option('--relayed <percent>', 'participants who are relayed by a TURN server, of 100', percent)
    .option('--json', 'the whole of it as JSON', false)
    .option('--markdown', 'for a pull request', false)
    .option('--html <file>', 'write a picture of it to this file as well')
    .addHelpText(
      'after',
      `
The exit code is 1 when a change would end meetings: a group, hook, network, address or entrance replaced or deleted.

Examples:
  $ holdfast preview aws-single
  $ holdfast preview aws-elastic --against aws-single --html preview.html
  $ holdfast preview aws-elastic --against ../main --markdown
  $ pulumi preview --json --stack production | holdfast preview production --plan -`,
    )
    .action(async (stack: string, flags: PreviewFlags) => {
      // Pulumi is large, and no other command needs it.
      const { runPreview } = await import('./run-preview.ts');
      process.exitCode = await runPreview(stack, flags);
    });
}
