import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * The processes as plain JavaScript with everything that they import, so that a machine needs no package manager. What several
 * of them use is in files that they share. Rejects when an import leads nowhere.
 *
 * @param processes entries by name, paths below `root`
 */
export async function writeJavaScript(
  root: string,
  processes: Readonly<Record<string, string>>,
  folder: string,
): Promise<void> {
  const input = Object.fromEntries(Object.entries(processes).map(([name, path]) => [name, join(root, path)]));
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    // mediasoup's modules are of the older kind, and ask where they are; what they are in now is of the newer kind.
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    onLog(level, log) {
      // Packages are as they are; what cannot be found would only show on the machine.
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
    },
  });
  try {
    await build.write({ dir: folder, format: 'esm', chunkFileNames: 'shared/[name]-[hash].js' });
  } finally {
    await build.close();
  }
}
