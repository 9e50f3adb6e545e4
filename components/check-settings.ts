import type { z } from 'zod';
import { cloudIssues } from './cloud-issues.ts';
import { type CloudTraits, example } from './cloud-traits.ts';
import { type PlatformSettings, platformSettings } from './contract.ts';
import { type SettingIssue, SettingsError, setCommand, settingKey } from './setting-issue.ts';
import { settingsIssues } from './settings-issues.ts';

/**
 * Reads settings and checks them against what the cloud can do. Throws a SettingsError that names every key that is wrong.
 */
export function checkSettings(raw: unknown, cloud: CloudTraits): PlatformSettings {
  const parsed = platformSettings.safeParse(raw);
  if (!parsed.success)
    throw new SettingsError(parsed.error.issues.flatMap((issue) => shapeIssues(issue, raw, cloud)));
  const issues = [...settingsIssues(parsed.data, cloud), ...cloudIssues(parsed.data, cloud)];
  if (issues.length > 0) throw new SettingsError(issues);
  return parsed.data;
}

function isMissing(path: readonly PropertyKey[], raw: unknown): boolean {
  return (
    path.reduce<unknown>((value, part) => (isObject(value) ? value[String(part)] : undefined), raw) ===
    undefined
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shapeIssues(issue: z.core.$ZodIssue, raw: unknown, cloud: CloudTraits): SettingIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => {
      const key = settingKey([...issue.path, name]);
      return { key, problem: 'is not known', fix: `pulumi config rm --path '${key}'` };
    });
  }
  const key = settingKey(issue.path);
  const right = example(issue.path, cloud);
  return [
    {
      key,
      problem: isMissing(issue.path, raw) ? 'is missing' : `is wrong: ${issue.message}`,
      fix: right === undefined ? 'See stacks/stack-config.schema.json.' : setCommand(key, right),
    },
  ];
}
