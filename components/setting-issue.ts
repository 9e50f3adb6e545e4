/** One thing that is wrong with a stack's configuration: which key, why, and what to do. */
export interface SettingIssue {
  readonly key: string;
  readonly problem: string;
  readonly fix: string;
}

/** Thrown for settings that cannot work, with every issue at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly issues: readonly SettingIssue[];

  constructor(issues: readonly SettingIssue[]) {
    const lines = issues.map(({ key, problem, fix }) => `  ${key} ${problem}\n    ${fix}`);
    super(`the stack's configuration cannot work:\n${lines.join('\n')}`);
    this.issues = issues;
  }
}

/** The command that sets a key of the stack's configuration. */
export function setCommand(key: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const structured = typeof value === 'object' && value !== null;
  if (structured) return `Write it into the stack's file: ${key}: ${text}`;
  return `pulumi config set${/[.[]/.test(key) ? ' --path' : ''} '${key}' '${text}'`;
}

/** A path within the settings as a key of the stack's configuration: `holdfast:media.max`. */
export function settingKey(path: readonly PropertyKey[]): string {
  const [first = '', ...rest] = path.map(String);
  return rest.reduce(
    (key, part) => (/^\d+$/.test(part) ? `${key}[${part}]` : `${key}.${part}`),
    `holdfast:${first}`,
  );
}
