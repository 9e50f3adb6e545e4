import { accessSync, constants } from 'node:fs';
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { isLoopback, LOOPBACK } from './addresses.ts';
import { integerBetween } from './integer-option.ts';
import { interruptible } from './interruptible.ts';
import type { LocalPlatformOptions } from './local-platform.ts';

interface LocalFlags {
  readonly port: number;
  readonly nodes: number;
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

const DEFAULT_PORT = 8443;

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
      'run the whole platform on this machine: a control plane and media nodes with their drain agents',
    )
    .option('--port <n>', 'port of pages and API', integerBetween(1, 65_535), DEFAULT_PORT)
    .option('--nodes <n>', 'media nodes to begin with', integerBetween(1, 16), 2)
    .option('--host <address>', 'address to listen on', LOOPBACK)
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
  const { port, nodes, host, tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    refuse('--tls-cert and --tls-key belong together: give both.');
  if (isIP(host) === 0 && host !== 'localhost') {
    refuse('--host takes an IP address of this machine, 0.0.0.0 for all of them, or localhost.');
  }
  if (tlsCert === undefined && !isLoopback(host)) {
    refuse(`browsers give cameras to pages on ${host} only over https: give --tls-cert and --tls-key.`);
  }
  const tls =
    tlsCert !== undefined && tlsKey !== undefined ? { tls: { certFile: tlsCert, keyFile: tlsKey } } : {};
  return { port, nodes, host, ...tls };
}
