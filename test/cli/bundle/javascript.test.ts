import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeJavaScript } from '../../../cli/bundle/javascript.ts';
import { processes } from '../../../cli/bundle/processes.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'holdfast-javascript-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

describe('the processes as plain JavaScript', () => {
  it('start where there is no package, and say what is wrong with their configuration', async () => {
    await writeJavaScript(root, processes, join(work, 'app'));
    writeFileSync(join(work, 'package.json'), '{"type":"module","version":"1.2.3"}');
    const wrong = join(work, 'wrong.json');
    writeFileSync(wrong, '{}');
    for (const name of Object.keys(processes)) {
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(work, 'app', `${name}.js`), ...(name === 'first-boot' ? [] : ['--config']), wrong],
        { encoding: 'utf8', cwd: work },
      );
      expect({ name, status, stderr }).toEqual({
        name,
        status: 78,
        stderr: expect.stringContaining('wrong.json: '),
      });
    }
  }, 60_000);

  it('are the same bytes each time', async () => {
    const read = async (name: string) => {
      await writeJavaScript(root, { agent: 'lifecycle-hooks/agent/main.ts' }, join(work, name));
      const files = readdirSync(join(work, name), { recursive: true, encoding: 'utf8' }).sort();
      return files
        .filter((file) => file.endsWith('.js'))
        .map((file) => [file, readFileSync(join(work, name, file), 'utf8')]);
    };
    expect(await read('a')).toEqual(await read('b'));
  });

  it('are not written when an import leads nowhere', async () => {
    writeFileSync(join(work, 'entry.ts'), "import 'no-such-package';\n");
    await expect(writeJavaScript(work, { entry: 'entry.ts' }, join(work, 'app'))).rejects.toThrow(
      'no-such-package',
    );
  });
});
