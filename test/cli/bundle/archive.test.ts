import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive, checksum } from '../../../cli/bundle/archive.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'holdfast-archive-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Files in the order given, as old as given. */
function folder(name: string, files: readonly string[], ageS: number): string {
  const path = join(work, name);
  for (const file of files) {
    const full = join(path, file);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, `this is ${file}`);
    utimesSync(full, ageS, ageS);
    if (file.startsWith('bin/')) chmodSync(full, 0o755);
  }
  return path;
}

describe('a release archive', () => {
  it('has the same bytes whenever and in whatever order its files were written', async () => {
    const first = await archive(folder('a', ['bin/node', 'app/x.js', 'web/z'], 1000), join(work, 'a.tgz'));
    const again = await archive(folder('b', ['web/z', 'app/x.js', 'bin/node'], 2000), join(work, 'b.tgz'));
    expect(again).toEqual(first);
    expect(first.sha256).toBe(await checksum(join(work, 'a.tgz')));
    const other = await archive(folder('c', ['bin/node', 'app/x.js'], 1000), join(work, 'c.tgz'));
    expect(other.sha256).not.toBe(first.sha256);
  });

  it('is unpacked by the tar of any system, programs as programs', async () => {
    await archive(folder('a', ['bin/node', 'app/x.js'], 1000), join(work, 'a.tgz'));
    const out = join(work, 'out');
    mkdirSync(out);
    execFileSync('tar', ['--extract', '--file', join(work, 'a.tgz'), '--directory', out, '--no-same-owner']);
    expect(readFileSync(join(out, 'app/x.js'), 'utf8')).toBe('this is app/x.js');
    expect(execFileSync('find', [out, '-type', 'f', '-executable'], { encoding: 'utf8' }).trim()).toBe(
      join(out, 'bin/node'),
    );
  });
});
