import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** SHA-256 of the release bundle, in hexadecimal digits. */
export function fileChecksum(file: string): string {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new Error(
      `holdfast:release.bundle names ${file}, which cannot be read (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  return createHash('sha256').update(content).digest('hex');
}
