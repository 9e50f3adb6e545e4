import { type CloudName, cloudNames } from './contract.ts';
import { type SettingIssue, SettingsError } from './setting-issue.ts';
import { isText, settingNames } from './settings-schema.ts';

const PREFIX = 'holdfast:';

/** A stack's configuration as the engine hands it out: every value is text, and what has a structure is JSON. */
export type StackValues = Readonly<Record<string, string>>;

/** Reads the settings of a stack; what is in them is checked by the cloud's platform. */
export function stackSettings(values: StackValues): { cloud: CloudName; settings: Record<string, unknown> } {
  const issues: SettingIssue[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(values)) {
    if (!key.startsWith(PREFIX) || key === `${PREFIX}cloud`) continue;
    const name = key.slice(PREFIX.length);
    if (!settingNames.includes(name)) {
      issues.push({
        key,
        problem: 'is not known',
        fix: `There are ${['cloud', ...settingNames].join(', ')}: pulumi config rm '${key}'`,
      });
      continue;
    }
    settings[name] = isText(name) ? text : parsed(text);
  }
  const named = values[`${PREFIX}cloud`];
  const cloud = cloudNames.find((one) => one === named);
  if (cloud === undefined) {
    issues.push({
      key: `${PREFIX}cloud`,
      problem: named === undefined ? 'is missing' : `is "${named}", and there are ${cloudNames.join(', ')}`,
      fix: `pulumi config set '${PREFIX}cloud' 'aws'`,
    });
  }
  if (issues.length > 0 || cloud === undefined) throw new SettingsError(issues);
  return { cloud, settings };
}

/** What is no JSON stays text, and is found wrong by the schema with its key. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
