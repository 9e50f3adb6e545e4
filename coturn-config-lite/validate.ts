import type { TurnServerConfig } from './config.ts';
import { type ConfigIssue, CoturnConfigError } from './errors.ts';
import { type OptionKey, optionKeys, specOf } from './options.ts';
import { wrongWith } from './values.ts';

/** Everything that is wrong with the form of a configuration; whether it is wise is for `lint` to say. */
export function validate(config: unknown): ConfigIssue[] {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    return [{ option: 'config', message: 'must be an object of options' }];
  }
  const issues: ConfigIssue[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined) continue;
    if (!isOptionKey(key)) {
      issues.push({ option: key, message: 'is no option of coturn 4.6; see `options` for all there are' });
      continue;
    }
    const spec = specOf(key);
    if (spec.many && !Array.isArray(value)) {
      issues.push({ option: spec.name, message: 'must be a list: it may be given several times' });
      continue;
    }
    for (const one of Array.isArray(value) && spec.many ? value : [value]) {
      const message = wrongWith(spec, one);
      if (message !== undefined) issues.push({ option: spec.name, message });
    }
  }
  return issues;
}

/** @throws CoturnConfigError naming everything that is wrong */
export function assertValid(config: unknown): asserts config is TurnServerConfig {
  const issues = validate(config);
  if (issues.length > 0) throw new CoturnConfigError(issues);
}

/** Whether this is the key of an option in a configuration object. */
export function isOptionKey(key: string): key is OptionKey {
  return optionKeys.some((each) => each === key);
}
