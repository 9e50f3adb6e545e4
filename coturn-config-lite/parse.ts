import type { OptionValue, TurnServerConfig } from './config.ts';
import { type ConfigIssue, CoturnConfigError } from './errors.ts';
import { type ConfigLine, readLines, type Setting } from './lines.ts';
import { type OptionKey, specOf } from './options.ts';
import { settingsOf } from './render.ts';
import { assertValid, isOptionKey } from './validate.ts';
import { readValue } from './values.ts';

/** Something in a file that could not be read as coturn's configuration. */
export interface ParseProblem extends ConfigIssue {
  readonly line: number;
}

/** A turnserver.conf that was read, with all that is in it: comments, blank lines and options nobody knows too. */
export class TurnServerDocument {
  readonly #lines: readonly ConfigLine[];
  /** What coturn makes of it. Of an option that is given twice, the last one counts, as for coturn. */
  readonly config: TurnServerConfig;
  /** Values that are none for their option; they are not in `config`. */
  readonly problems: readonly ParseProblem[];

  constructor(lines: readonly ConfigLine[]) {
    this.#lines = lines;
    const { config, problems } = interpret(lines);
    this.config = config;
    this.problems = problems;
  }

  get lines(): readonly ConfigLine[] {
    return this.#lines;
  }

  /** Settings with a name that coturn 4.6 does not know. */
  get unknown(): readonly Setting[] {
    return this.#lines.filter((line): line is Setting => line.kind === 'setting' && line.key === undefined);
  }

  /** The text, byte for byte as it was read where nothing was changed. */
  get text(): string {
    return this.#lines.map(({ text }) => text).join('\n');
  }

  /**
   * The same file with some options changed: `undefined` or `false` takes one away. A changed option stays where it was
   * first set; a new one comes at the end. Comments and unknown options stay.
   * @throws CoturnConfigError
   */
  with(changes: TurnServerConfig): TurnServerDocument {
    assertValid(changes);
    let texts: { key: OptionKey | undefined; text: string }[] = this.#lines.map((line) => ({
      key: line.kind === 'setting' ? line.key : undefined,
      text: line.text,
    }));
    for (const [key, value] of Object.entries(changes)) {
      if (!isOptionKey(key)) continue;
      const written = settingsOf(key, value).map((text) => ({ key, text }));
      const first = texts.findIndex((line) => line.key === key);
      const before = first < 0 ? texts.length : first;
      // The last line of a file is the empty one after its last line break.
      const end = first < 0 && texts.at(-1)?.text.trim() === '' ? before - 1 : before;
      texts = [
        ...texts.slice(0, end).filter((line) => line.key !== key),
        ...written,
        ...texts.slice(end).filter((line) => line.key !== key),
      ];
    }
    return parse(texts.map(({ text }) => text).join('\n'));
  }
}

/** Reads a turnserver.conf. Every text can be read: what coturn would not understand is in `problems` and `unknown`. */
export function parse(text: string): TurnServerDocument {
  if (typeof text !== 'string') {
    throw new CoturnConfigError([{ option: 'text', message: 'must be the text of a turnserver.conf' }]);
  }
  return new TurnServerDocument(readLines(text));
}

function interpret(lines: readonly ConfigLine[]): { config: TurnServerConfig; problems: ParseProblem[] } {
  const values = new Map<OptionKey, OptionValue>();
  const problems: ParseProblem[] = [];
  for (const line of lines) {
    if (line.kind !== 'setting' || line.key === undefined) continue;
    const { key, number, value: raw } = line;
    const spec = specOf(key);
    // Some flags are on whatever follows them: that is what coturn makes of "no", too.
    const read = readValue(spec, spec.ignoresValue ? '' : raw);
    if ('wrong' in read) problems.push({ line: number, option: spec.name, message: read.wrong });
    else if (!spec.many) values.set(key, read.value);
    else values.set(key, [...listOf(values.get(key)), String(read.value)]);
  }
  // A flag that is off is one that is not there.
  const entries = [...values].filter(([, value]) => value !== false);
  const config: unknown = Object.fromEntries(entries);
  assertValid(config);
  return { config, problems };
}

function listOf(value: OptionValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}
