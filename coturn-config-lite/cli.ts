import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeCredentials } from './credentials.ts';
import { CoturnConfigError } from './errors.ts';
import type { Finding } from './lint/finding.ts';
import { lint } from './lint.ts';
import { render } from './render.ts';
import { assertValid } from './validate.ts';

/** Where a command reads and writes; tests hand in their own. */
export interface CommandIo {
  readonly stdin: () => string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

/** 0: well. 1: there are findings, or the configuration is wrong. 2: the command was not understood. */
export type ExitCode = 0 | 1 | 2;

const help = `Usage: coturn-config-lite COMMAND [options]

Commands:
  render [FILE]       turnserver.conf from a configuration in JSON (FILE, or - for stdin)
  lint [FILE]         findings in a turnserver.conf (FILE, or - for stdin); exit code 1 when there are errors
  credentials USER    time-limited credentials for a TURN client; the secret comes from TURN_SECRET

Options:
  --json              lint, credentials: one JSON document on stdout
  --strict            lint: warnings count as errors
  --ttl SECONDS       credentials: how long they are good for (default 3600)
  -h, --help

Examples:
  coturn-config-lite lint /etc/turnserver.conf
  TURN_SECRET=... coturn-config-lite credentials ada --ttl 600
`;

class UsageError extends Error {}

/** Runs one command line. Never throws. */
export function runCommand(args: readonly string[], io: CommandIo): ExitCode {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        ttl: { type: 'string', default: '3600' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [command, argument, ...more] = positionals;
    if (values.help) {
      io.stdout(help);
      return 0;
    }
    if (more.length > 0) throw new UsageError(`"${more[0]}" is one argument too many`);
    switch (command) {
      case 'render':
        return renderFile(argument, io);
      case 'lint':
        return lintFile(argument, values, io);
      case 'credentials':
        return credentials(argument, values, io);
      case undefined:
        throw new UsageError('a command is missing');
      default:
        throw new UsageError(`there is no command "${command}"`);
    }
  } catch (error) {
    if (error instanceof CoturnConfigError) {
      io.stderr(`${error.message}\n`);
      return 1;
    }
    const message = error instanceof Error ? error.message : String(error);
    io.stderr(`coturn-config-lite: ${message}. See coturn-config-lite --help\n`);
    return 2;
  }
}

function renderFile(file: string | undefined, io: CommandIo): ExitCode {
  const text = read(file, io);
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${nameOf(file)} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  assertValid(config);
  io.stdout(render(config));
  return 0;
}

function lintFile(
  file: string | undefined,
  options: { readonly json: boolean; readonly strict: boolean },
  io: CommandIo,
): ExitCode {
  const findings = lint(read(file, io));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (options.json) io.stdout(`${JSON.stringify({ findings }, null, 2)}\n`);
  else {
    for (const finding of findings) io.stdout(describe(nameOf(file), finding));
    io.stdout(`${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}\n`);
  }
  return errors > 0 || (options.strict && findings.length > 0) ? 1 : 0;
}

function credentials(
  userId: string | undefined,
  options: { readonly json: boolean; readonly ttl: string },
  io: CommandIo,
): ExitCode {
  if (userId === undefined) throw new UsageError('credentials needs a USER');
  const secret = io.env.TURN_SECRET;
  if (!secret) throw new UsageError('TURN_SECRET is not set: the server’s static-auth-secret');
  const ttlSeconds = Number(options.ttl);
  const made = makeCredentials({ secret, userId, ttlSeconds, nowMs: io.nowMs() });
  if (options.json) io.stdout(`${JSON.stringify(made, null, 2)}\n`);
  else io.stdout(`username ${made.username}\npassword ${made.password}\n`);
  return 0;
}

function describe(file: string, { line, severity, rule, message, fix }: Finding): string {
  const where = line === undefined ? file : `${file}:${line}`;
  return `${where} ${severity} ${rule}\n  ${message}\n  ${fix}\n`;
}

function read(file: string | undefined, io: CommandIo): string {
  if (file === undefined || file === '-') return io.stdin();
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function nameOf(file: string | undefined): string {
  return file === undefined || file === '-' ? 'stdin' : file;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
