import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** Thrown for wrong configuration; the message says where and what to do. Processes exit with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  static readonly exitCode = 78;
}

/** Reads `--config FILE` (JSON) from the command line and parses it with the schema of this process. */
export function loadConfig<S extends z.ZodType>(schema: S, args = process.argv.slice(2)): z.output<S> {
  let file: string | undefined;
  try {
    file = parseArgs({ args, options: { config: { type: 'string' } } }).values.config;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}. Usage: --config FILE`);
  }
  if (!file) throw new ConfigError('no configuration given. Usage: --config FILE (JSON)');
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parse(schema, raw, file);
}

/** Takes this process's secrets out of the environment. */
export function loadSecrets<S extends z.ZodType>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<S> {
  return parse(schema, env, 'environment');
}

function parse<S extends z.ZodType>(schema: S, raw: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new ConfigError(`${where}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
