import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';

/**
 * Packs a folder so that the same content gives the same bytes: in the order of the names, without owners and times.
 *
 * @returns its SHA-256, hexadecimal, and its size in bytes
 */
export async function archive(folder: string, file: string): Promise<{ sha256: string; bytes: number }> {
  await create(
    { file, cwd: folder, gzip: { level: 9 }, portable: true, mtime: new Date(0), noDirRecurse: true },
    await namesIn(folder),
  );
  return { sha256: await checksum(file), bytes: (await stat(file)).size };
}

/** Of a file, hexadecimal. */
export async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}
