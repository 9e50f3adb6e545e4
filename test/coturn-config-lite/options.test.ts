import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type OptionSpec, optionNamed, options } from '../../coturn-config-lite/index.ts';

const usage = spawnSync('turnserver', ['-h'], { encoding: 'utf8' });
const installed = usage.error === undefined;
const version = installed
  ? (spawnSync('turnserver', ['--version'], { encoding: 'utf8' }).stdout.match(/\d+\.\d+\.\d+/)?.[0] ?? '')
  : '';
if (!installed) console.warn('coturn is not installed: its own list of options is not compared');

const table: readonly OptionSpec[] = Object.values(options);

/** For the command line alone. */
const notInFiles = new Set(['version']);

describe('the table of options', () => {
  it('says of each option what it does and what happens without it', () => {
    for (const { meaning, default: without } of table) {
      expect(meaning).toMatch(/\.$/);
      expect(without).not.toBe('');
    }
  });

  it('has each name once', () => {
    const names = table.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(optionNamed('prod')).toBe('noSoftwareAttribute');
    expect(optionNamed('listening-Port')).toBeUndefined();
  });

  it.runIf(installed && version.startsWith('4.6'))(
    'knows every option that the installed coturn names',
    () => {
      const named = new Set(
        [...`${usage.stdout}${usage.stderr}`.matchAll(/^ *(?:-\w[ ,]*)*--([A-Za-z][\w-]*)/gm)].map(
          ([, name = '']) => name,
        ),
      );
      expect(named.size).toBeGreaterThan(90);
      const unknown = [...named].filter((name) => !notInFiles.has(name) && optionNamed(name) === undefined);
      expect(unknown).toEqual([]);
    },
  );
});
