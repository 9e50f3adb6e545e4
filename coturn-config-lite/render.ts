import type { OptionValue, TurnServerConfig } from './config.ts';
import { writeSetting } from './lines.ts';
import { type OptionKey, optionKeys, specOf } from './options.ts';
import { assertValid } from './validate.ts';

/**
 * The text of a turnserver.conf.
 * @throws CoturnConfigError naming every option that is wrong
 * @example render({ listeningPort: 3478, realm: 'example.org', useAuthSecret: true, staticAuthSecret: ['…'] })
 */
export function render(config: TurnServerConfig): string {
  assertValid(config);
  const lines = optionKeys.flatMap((key) => settingsOf(key, config[key]));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The lines of one option: none when it is left out. */
export function settingsOf(key: OptionKey, value: OptionValue | undefined): string[] {
  const { name } = specOf(key);
  if (value === undefined || value === false) return [];
  if (value === true) return [writeSetting(name, undefined)];
  return (Array.isArray(value) ? value : [value]).map((one) => writeSetting(name, String(one)));
}
