import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoturnConfigError, type Finding, lint, parse } from '../../coturn-config-lite/index.ts';
import { badFiles } from './bad-files.ts';
import { goodFiles, plain } from './good-files.ts';

const short = (text: string) => (finding: Finding) => {
  const line = finding.line === undefined ? undefined : text.split('\n')[finding.line - 1];
  return line === undefined ? finding.rule : `${finding.rule}: ${line}`;
};

describe('what is bad', () => {
  it('is tried with at least forty files', () => {
    expect(badFiles.length).toBeGreaterThanOrEqual(40);
    expect(new Set(badFiles.map(({ text }) => text)).size).toBe(badFiles.length);
  });

  it.each(badFiles)('$name: exactly its findings', ({ text, findings }) => {
    expect(lint(text).map(short(text)).sort()).toEqual([...findings].sort());
  });

  it.each(badFiles)('$name: each finding says why and how to mend it', ({ text }) => {
    for (const { message, fix, option } of lint(text)) {
      expect(message.length).toBeGreaterThan(20);
      expect(fix.length).toBeGreaterThan(5);
      expect(option).not.toBe('');
    }
  });

  it('is never repeated when it is a secret', () => {
    for (const { text } of badFiles) {
      const secrets = text
        .split('\n')
        .flatMap((line) => /^(?:static-auth-secret|user|cli-password)=(.*)$/.exec(line)?.[1] ?? []);
      const said = JSON.stringify(lint(text));
      for (const secret of secrets.filter(({ length }) => length > 5)) expect(said).not.toContain(secret);
    }
  });

  it('is found in a configuration object too', () => {
    expect(lint({ noAuth: true }).map(({ rule }) => rule)).toContain('open-relay');
    expect(() => lint({ listeningPort: 0 })).toThrow(CoturnConfigError);
  });
});

describe('what is good', () => {
  it.each(Object.entries(goodFiles))('%s: no findings', (_name, text) => {
    expect(lint(text)).toEqual([]);
  });

  it('may have comments, blank lines and the line ends of Windows', () => {
    expect(lint(plain.replaceAll('\n', '\r\n# a comment\r\n\r\n'))).toEqual([]);
  });
});

describe('any text', () => {
  const words = fc.constantFrom(
    ...plain.split('\n'),
    'no-auth=',
    '=',
    '"',
    '#',
    'denied-peer-ip=1-',
    '[::1',
    '\u0000',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.array(fc.oneof(words, fc.string()), { maxLength: 30 }).map((lines) => lines.join('\n')),
  );

  it('is read and looked at without an exception', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const { line } of lint(text)) {
          if (line !== undefined) expect(line).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('comes back byte for byte', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(parse(text).text).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});
