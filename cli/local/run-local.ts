import { setTimeout as delay } from 'node:timers/promises';
import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import { LocalPlatform, type LocalPlatformOptions } from './local-platform.ts';
import { describeEnd } from './managed-process.ts';
import { changeLines, decisionLines, eventLine } from './status-lines.ts';

const LOOK_EVERY_MS = 1000;

/** The platform with a line for whatever happens to it, until the signal aborts. Resolves with the exit code. */
export async function runLocal(
  options: LocalPlatformOptions,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  print(
    `Starting the control plane${options.autoscaler ? ', the autoscaler' : ''} and ${options.nodes === 1 ? 'one media node' : `${options.nodes} media nodes`}…`,
  );
  const platform = await LocalPlatform.start({ ...options, signal });
  cleanup(async () => {
    await platform.close();
    if (platform.logsKept) print(`A process had crashed; its logs are in ${platform.directory}`);
  });
  if (platform.lacksCoturn) {
    print(
      'There is no TURN server: coturn is not installed (apt-get install coturn). Whose network lets nothing else through cannot join.',
    );
  }
  print(welcome(platform));
  return follow(platform, signal);
}

function welcome({
  baseUrl,
  operatorUrl,
  operatorToken,
  apiKey,
  madeSecrets,
  directory,
}: LocalPlatform): string {
  return [
    '',
    `  Meetings        ${baseUrl}`,
    `  Operator page   ${operatorUrl}`,
    ...(madeSecrets.has('HOLDFAST_OPERATOR_TOKEN') ? [`  Operator token  ${operatorToken}`] : []),
    ...(madeSecrets.has('HOLDFAST_API_KEY') ? [`  API key         ${apiKey}`] : []),
    `  Logs            ${directory}`,
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}

/** Says what happens until the signal aborts. */
async function follow(platform: LocalPlatform, signal: AbortSignal): Promise<never> {
  for (const cloud of [platform.cloud, platform.turnCloud]) {
    cloud.on('event', (event) => {
      const line = eventLine(event);
      if (line !== undefined) print(`${clockTime()} ${line}`);
    });
  }
  platform.on('crash', ({ name, end, logFile }) => {
    process.stderr.write(
      `${clockTime()} ${name} ended unexpectedly (${describeEnd(end)}); its log: ${logFile}\n`,
    );
  });
  platform.on('restarted', ({ name }) => print(`${clockTime()} ${name} was started again`));
  let before: NodeView[] = await platform.nodes().catch(() => []);
  let told: ReadonlySet<string> = new Set();
  for (;;) {
    await delay(LOOK_EVERY_MS, undefined, { signal });
    // A control plane that does not answer for a moment is no news of its own.
    const now = await platform.nodes().catch(() => before);
    for (const line of changeLines(before, now)) print(`${clockTime()} ${line}`);
    before = now;
    const decisions = await platform.decisions().catch(() => []);
    for (const line of decisionLines(decisions, told)) print(`${clockTime()} ${line}`);
    if (decisions.length > 0) told = new Set(decisions.map(({ reportId }) => reportId));
  }
}

const clockTime = () => new Date().toTimeString().slice(0, 8);
const print = (text: string) => process.stdout.write(`${text}\n`);
