/** One thing that is wrong with a configuration. */
export interface ConfigIssue {
  /** Name of the option in the file, or of the argument. */
  readonly option: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** The one error that this package throws. `issues` names everything that is wrong, not only the first thing. */
export class CoturnConfigError extends Error {
  override readonly name = 'CoturnConfigError';
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(({ option, message }) => `${option}: ${message}`).join('\n'));
    this.issues = issues;
  }
}
