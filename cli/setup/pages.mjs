// Step 4: the web pages, built anew when their sources have changed.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { fingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { checkout, node, root } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

const web = join(root, 'media-server', 'web');
const dist = join(web, 'dist');
const record = '.built-from';

/** @param {() => Promise<void>} confirm asked before anything slow is begun */
export async function pages(confirm) {
  if (!existsSync(join(web, 'vite.config.ts')) || upToDate()) return;
  await confirm();
  await withLock(`pages-${checkout}`, async () => {
    if (!upToDate()) await step('building the web pages', build);
  });
}

async function build() {
  const sources = currentSources();
  // Away from the old pages, which a server may be serving and which stay when the build fails.
  const fresh = join(root, 'node_modules', '.cache', 'holdfast', 'pages');
  try {
    await withLog('pages', async (log) => {
      const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
      const args = [vite, 'build', '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'];
      const { code } = await run(node(), args, { cwd: web, log });
      if (code !== 0) throw new SetupError('the web pages could not be built', undefined, log);
    });
    writeFileSync(join(fresh, record), sources);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function upToDate() {
  const built = join(dist, record);
  return existsSync(built) && readFileSync(built, 'utf8') === currentSources();
}

function currentSources() {
  const folders = ['web', 'client', 'protocol', 'config'].map((name) => join(root, 'media-server', name));
  return fingerprint([...folders, join(root, 'package-lock.json')], ['dist']);
}
