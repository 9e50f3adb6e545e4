import { accessSync, constants } from 'node:fs';
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { isLoopback, LOOPBACK, mediaAddress } from './addresses.ts';
import { integerBetween } from './integer-option.ts';
import { interruptible } from './interruptible.ts';
import { localAutoscaler } from './local-autoscaler.ts';
import type { LocalPlatformOptions } from './local-platform.ts';

interface LocalFlags {
  readonly port: number;
  readonly nodes: number;
  readonly turn: number;
  readonly maxNodes?: number;
  readonly autoscaler: boolean;
  readonly dryRun: boolean;
  readonly host: string;
  readonly mediaHost?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

const DEFAULT_PORT = 8443;
const MOST_NODES = 16;

const readable = (path: string) => {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new InvalidArgumentError('the file cannot be read.');
  }
  return path;
};

export function register(program: Command): void {
  program
    .command('local')
    .description(
      'run the whole platform on this machine: a control plane, media nodes with their drain agents, and the autoscaler',
    )
    .option('--port <n>', 'port of pages and API', integerBetween(1, 65_535), DEFAULT_PORT)
    .option(
      '--nodes <n>',
      'media nodes to begin with, and the fewest there are',
      integerBetween(1, MOST_NODES),
      2,
    )
    .option(
      '--max-nodes <n>',
      'media nodes that the autoscaler may have (default: two more than to begin with)',
      integerBetween(1, MOST_NODES),
    )
    .option('--no-autoscaler', 'as many nodes as to begin with, whatever the load')
    .option('--dry-run', 'the autoscaler shows what it would do, and does nothing', false)
    .option('--turn <n>', 'TURN servers, where coturn is installed', integerBetween(0, 16), 1)
    .option('--host <address>', 'address to listen on', LOOPBACK)
    .option(
      '--media-host <address>',
      'address for media (default: that of the pages; Firefox connects to none on loopback)',
    )
    .option('--tls-cert <file>', 'certificate (PEM); needed for any address but loopback', readable)
    .option('--tls-key <file>', 'its private key (PEM)', readable)
    .addHelpText(
      'after',
      `
Secrets come from the environment; those that are missing are made up for this run and printed once:
  HOLDFAST_OPERATOR_TOKEN (the operator page and API), HOLDFAST_API_KEY (applications).

Examples:
  $ npm start
  $ npm start -- --port 9000 --nodes 3
  $ npm start -- --nodes 1 --max-nodes 3
  $ npm start -- --media-host 0.0.0.0
  $ npm start -- --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem`,
    )
    .action(async (flags: LocalFlags, command: Command) => {
      const options = platformOptions(flags, (message) =>
        command.error(`error: ${message}`, { exitCode: 2 }),
      );
      // Loaded only when it runs: help and mistakes are answered at once.
      const { runLocal } = await import('./run-local.ts');
      process.exitCode = await interruptible((signal, cleanup) => runLocal(options, signal, cleanup));
    });
}

function platformOptions(flags: LocalFlags, refuse: (message: string) => never): LocalPlatformOptions {
  const { port, nodes, maxNodes = Math.min(nodes + 2, MOST_NODES), host, mediaHost, tlsCert, tlsKey } = flags;
  if (maxNodes < nodes) refuse('--max-nodes must not be less than --nodes.');
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    refuse('--tls-cert and --tls-key belong together: give both.');
  for (const [flag, address] of [
    ['--host', host],
    ['--media-host', mediaHost ?? host],
  ] as const) {
    if (isIP(address) === 0 && address !== 'localhost')
      refuse(`${flag} takes an IP address of this machine, 0.0.0.0 for all of them, or localhost.`);
  }
  if (tlsCert === undefined && !isLoopback(host)) {
    refuse(`browsers give cameras to pages on ${host} only over https: give --tls-cert and --tls-key.`);
  }
  const tls =
    tlsCert !== undefined && tlsKey !== undefined ? { tls: { certFile: tlsCert, keyFile: tlsKey } } : {};
  const autoscaler = flags.autoscaler
    ? { autoscaler: localAutoscaler({ minNodes: nodes, maxNodes, dryRun: flags.dryRun }) }
    : {};
  const media = mediaHost === undefined ? {} : { media: mediaAddress(mediaHost) };
  return { port, nodes, turnServers: flags.turn, host, ...media, ...tls, ...autoscaler };
}
