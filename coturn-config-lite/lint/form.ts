import { optionNames, specOf } from '../options.ts';
import { MAX_LINE_BYTES } from '../values.ts';
import type { Finding, Rule } from './finding.ts';

const badValues: Rule = ({ document }) =>
  document.problems.map(({ line, option, message }) => ({
    rule: 'bad-value',
    severity: 'error',
    line,
    option,
    message: `The value of ${option} ${message}; coturn would guess or stop.`,
    fix: `Correct the value of ${option}.`,
  }));

const unknownOptions: Rule = ({ document }) =>
  document.unknown.map(({ number, name }) => {
    const near = nearest(name);
    return {
      rule: 'unknown-option',
      severity: 'error',
      line: number,
      option: name,
      message: `coturn 4.6 has no option "${shortened(name)}"; it would leave the line out, with a warning in its log.`,
      fix: near === undefined ? 'Remove the line.' : `Did you mean ${near}?`,
    };
  });

const deprecatedOptions: Rule = (context) =>
  context.settings.flatMap(({ key, number, name }): Finding[] => {
    if (key === undefined) return [];
    const { deprecated, aliases = [], name: proper } = specOf(key);
    if (deprecated !== undefined) {
      return [
        context.warning('deprecated-option', key, `${name} is deprecated in coturn 4.6.`, deprecated, number),
      ];
    }
    if (!aliases.includes(name)) return [];
    return [
      context.warning(
        'deprecated-option',
        key,
        `${name} is another name of ${proper}.`,
        `Write ${proper}.`,
        number,
      ),
    ];
  });

const duplicates: Rule = (context) => {
  const seen = new Map<string, number>();
  return context.settings.flatMap(({ key, number, name }): Finding[] => {
    if (key === undefined || specOf(key).many) return [];
    const first = seen.get(key);
    seen.set(key, number);
    if (first === undefined) return [];
    const message = `${name} is set in line ${first} already; the last one counts.`;
    return [context.warning('duplicate-option', key, message, 'Keep one of the two lines.', number)];
  });
};

const repeatedValues: Rule = (context) => {
  const seen = new Map<string, number>();
  return context.settings.flatMap(({ key, number, name, value }): Finding[] => {
    if (key === undefined || !specOf(key).many) return [];
    const first = seen.get(`${key} ${value}`);
    seen.set(`${key} ${value}`, number);
    if (first === undefined) return [];
    const message = `${name} has this value in line ${first} already.`;
    return [context.warning('duplicate-option', key, message, 'Remove one of the two lines.', number)];
  });
};

const flagsThatIgnoreValues: Rule = (context) =>
  context.settings.flatMap(({ key, number, name, value }): Finding[] => {
    if (key === undefined || !specOf(key).ignoresValue || !/^(0|n|f|off)/i.test(value)) return [];
    const message = `coturn does not look at the value of ${name}: "${shortened(value)}" turns it on.`;
    return [context.error('value-ignored', key, message, `Remove the line to turn ${name} off.`, number)];
  });

const semicolons: Rule = (context) =>
  context.settings.flatMap(({ key, number, name, value }): Finding[] => {
    if (key === undefined || !value.endsWith(';')) return [];
    const message = `The line of ${name} ends with ";", which becomes part of the value.`;
    return [context.error('trailing-semicolon', key, message, 'Remove the ";".', number)];
  });

const longLines: Rule = ({ document }) =>
  document.lines.flatMap(({ number, text }): Finding[] => {
    if (Buffer.byteLength(text) <= MAX_LINE_BYTES) return [];
    return [
      {
        rule: 'line-too-long',
        severity: 'error',
        line: number,
        option: 'line',
        message: `The line has more than ${MAX_LINE_BYTES} bytes: coturn takes its end for a line of its own.`,
        fix: 'Shorten the line.',
      },
    ];
  });

const missingFeatures: Rule = (context) =>
  context.settings.flatMap(({ key, number, name }): Finding[] => {
    const needs = key === undefined ? undefined : specOf(key).needs;
    if (key === undefined || needs === undefined) return [];
    const message = `${name} needs a coturn that was built with ${needs}; others take it for an unknown option.`;
    return [
      context.warning(
        'needs-build',
        key,
        message,
        'Remove it, or make sure that your coturn has it.',
        number,
      ),
    ];
  });

/** What is wrong with the file as a file. */
export const formRules: readonly Rule[] = [
  badValues,
  unknownOptions,
  deprecatedOptions,
  duplicates,
  repeatedValues,
  flagsThatIgnoreValues,
  semicolons,
  longLines,
  missingFeatures,
];

/** The known name that is at most two changes away. */
function nearest(name: string): string | undefined {
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = 3;
  for (const known of optionNames) {
    if (Math.abs(known.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase().replaceAll('_', '-'), known.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [known, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
