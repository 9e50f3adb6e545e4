import { readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { writeJavaScript } from './javascript.ts';
import { processes } from './processes.ts';
import { sharedLibraries } from './shared-libraries.ts';

/** Where the parts of a release are on this machine. */
export interface Parts {
  readonly node: string;
  readonly worker: string;
  readonly turnserver: string;
  readonly pages: string;
}

const packageFile = z.object({ version: z.string() });

/**
 * Puts together what a machine gets: `bin`, `lib`, `app` (the processes), `web` (the pages), `units`, and `first-boot`,
 * which the machine's own script hands over to.
 *
 * @returns bytes of each
 */
export async function collect(
  root: string,
  parts: Parts,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  for (const name of ['bin', 'app']) await mkdir(join(folder, name), { recursive: true });
  await program('node', parts.node, folder);
  await program('mediasoup-worker', parts.worker, folder);
  await program('turnserver', parts.turnserver, folder);
  await writeJavaScript(root, processes, join(folder, 'app'));
  await cp(parts.pages, join(folder, 'web'), { recursive: true });
  const { version } = packageFile.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  // Processes read their version one folder above them, and are modules because this says so.
  await writeFile(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: 'holdfast-release', version, private: true, type: 'module' }, null, 2)}\n`,
  );
  const boot = join(root, 'lifecycle-hooks', 'boot');
  await cp(join(boot, 'units'), join(folder, 'units'), { recursive: true });
  await script(join(folder, 'first-boot'), readFileSync(join(boot, 'first-boot.sh'), 'utf8'));
  return sizes(folder);
}

/** A program with the shared libraries that it was linked to, since a fresh machine has no package of theirs. */
async function program(name: string, from: string, folder: string): Promise<void> {
  const libraries = await sharedLibraries(from);
  const home = libraries.length === 0 ? join(folder, 'bin') : join(folder, 'lib', name);
  await mkdir(home, { recursive: true });
  await cp(from, join(home, name), { dereference: true });
  await chmod(join(home, name), 0o755);
  if (libraries.length === 0) return;
  for (const library of libraries) await cp(library, join(home, basename(library)), { dereference: true });
  await script(
    join(folder, 'bin', name),
    `#!/bin/sh
lib=$(dirname "$(readlink -f "$0")")/../lib/${name}
LD_LIBRARY_PATH="$lib" exec "$lib/${name}" "$@"
`,
  );
}

async function script(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o755);
}

async function sizes(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sums: Record<string, number> = {};
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const [top = ''] = path.slice(folder.length + 1).split('/');
    sums[top] = (sums[top] ?? 0) + (await stat(path)).size;
  }
  return sums;
}
