import { authOptions } from './options/auth.ts';
import { databaseOptions } from './options/databases.ts';
import { limitOptions } from './options/limits.ts';
import { loggingOptions } from './options/logging.ts';
import { networkOptions } from './options/network.ts';
import { peerOptions } from './options/peers.ts';
import { processOptions } from './options/process.ts';
import type { OptionSpec } from './options/spec.ts';
import { tlsOptions } from './options/tls.ts';

/** Every option of turnserver.conf that coturn 4.6 knows, in the order in which `render` writes them. */
export const options = {
  ...networkOptions,
  ...authOptions,
  ...peerOptions,
  ...limitOptions,
  ...tlsOptions,
  ...loggingOptions,
  ...databaseOptions,
  ...processOptions,
} as const;

export type OptionKey = keyof typeof options;

export const optionKeys = Object.keys(options) as readonly OptionKey[];

/** The option's description, without the narrow type of the table. */
export function specOf(key: OptionKey): OptionSpec {
  return options[key];
}

const byName = new Map<string, OptionKey>(
  optionKeys.flatMap((key) => {
    const { name, aliases = [] } = specOf(key);
    return [name, ...aliases].map((each): [string, OptionKey] => [each, key]);
  }),
);

/** Finds an option by the name that it has in the file; coturn minds capitals. */
export function optionNamed(name: string): OptionKey | undefined {
  return byName.get(name);
}

/** All names that coturn takes in the file, aliases among them. */
export const optionNames: readonly string[] = [...byName.keys()];
