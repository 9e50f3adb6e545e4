import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { integerBetween } from '../local/integer-option.ts';
import { interruptible } from '../local/interruptible.ts';
import type { DemoFlags } from './run.ts';

/** What the machine can decode and encode twice. */
const defaultParticipants = () => (availableParallelism() >= 4 ? 6 : 4);

export function register(program: Command): void {
  program
    .command('demo')
    .description(
      'watch a fleet grow, shrink under live meetings without anybody noticing, and recover from a killed node',
    )
    .option(
      '--participants <n>',
      `browser participants (default: ${defaultParticipants()} on this machine)`,
      integerBetween(2, 48),
    )
    .option('--meetings <n>', 'meetings they are in', integerBetween(2, 24), 2)
    .option('--headed', 'show the browser windows', false)
    .option('--keep', 'leave everything running afterwards, until Ctrl-C', false)
    .option('--json', 'one JSON document on stdout, everything else on stderr', false)
    .addHelpText(
      'after',
      `
Starts a control plane, the autoscaler and one media node on this machine. Visitors arrive, and a second node is launched;
headless Chromium participants with fake cameras join; the visitors leave, and the surplus node is emptied and given back
while the others talk; then the node that is left is killed. Ends with exit code 0 only if nothing was lost.

Examples:
  $ npm run demo
  $ npm run demo -- --participants 6 --meetings 2
  $ npm run --silent demo -- --json > report.json`,
    )
    .action(async (flags: DemoFlags, command: Command) => {
      const participants = flags.participants ?? Math.max(defaultParticipants(), flags.meetings * 2);
      if (participants < flags.meetings * 2) {
        command.error(
          `error: ${participants} participants cannot fill ${flags.meetings} meetings: a meeting takes two. Give more --participants or fewer --meetings.`,
          { exitCode: 2 },
        );
      }
      // Browsers and platform are loaded only when they are needed: help must be quick.
      const { runDemo } = await import('./run.ts');
      process.exitCode = await interruptible((signal, cleanup) =>
        runDemo({ ...flags, participants }, signal, cleanup),
      );
    });
}
