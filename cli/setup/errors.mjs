// The two ways in which set-up ends early.

/** Set-up cannot go on by itself: what happened, what to do about it, and where to read more. */
export class SetupError extends Error {
  /**
   * @param {string} what happened, without a full stop
   * @param {string} [todo] one sentence
   * @param {string} [log] path of the log that says more
   */
  constructor(what, todo, log) {
    super([`${what}.`, todo, log && `Log: ${log}`].filter(Boolean).join(' '));
    this.name = 'SetupError';
  }
}

/** Nothing is left to do or to say: somebody pressed Ctrl-C, or a program has spoken for itself. */
export class Exit extends Error {
  /** @param {number} code */
  constructor(code) {
    super(`exit with ${code}`);
    this.name = 'Exit';
    this.code = code;
  }
}
