import { type OptionKey, optionNamed } from './options.ts';

/** One line of a turnserver.conf, cut up as coturn itself does it. `number` counts from 1. */
export type ConfigLine =
  | { readonly kind: 'blank' | 'comment'; readonly number: number; readonly text: string }
  | {
      readonly kind: 'setting';
      readonly number: number;
      readonly text: string;
      readonly name: string;
      /** '' when there is none. */
      readonly value: string;
      /** undefined: coturn does not know this name. */
      readonly key: OptionKey | undefined;
    };

export type Setting = Extract<ConfigLine, { kind: 'setting' }>;

/** Cuts a file into lines. Any text can be cut. */
export function readLines(text: string): ConfigLine[] {
  return text.split('\n').map((raw, index): ConfigLine => {
    const number = index + 1;
    const trimmed = raw.trim();
    if (trimmed === '') return { kind: 'blank', number, text: raw };
    if (trimmed.startsWith('#')) return { kind: 'comment', number, text: raw };
    const { name, value } = cut(trimmed);
    return { kind: 'setting', number, text: raw, name, value, key: optionNamed(name) };
  });
}

/** The name ends at the first blank or "="; all blanks and "=" that follow belong to neither; quotes are taken off. */
function cut(line: string): { name: string; value: string } {
  const [, name = line, , rest = ''] = /^([^ =\t]*)([ =\t]+)?(.*)$/.exec(line) ?? [];
  if (!rest.startsWith('"')) return { name, value: rest };
  const open = rest.slice(1);
  return { name, value: open.endsWith('"') ? open.slice(0, -1) : open };
}

/** One setting as a line that is read back as the same value. */
export function writeSetting(name: string, value: string | undefined): string {
  if (value === undefined) return name;
  // Blanks at the ends, a quote or "=" in front would be lost in reading.
  return /^[\s"=]|\s$/.test(value) ? `${name}="${value}"` : `${name}=${value}`;
}
