import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of the C library and its loader: every Debian has its own, and a program must not mix two. */
const ofTheSystem = /^(ld-linux|libc|libm|libresolv|libpthread|libdl|librt)[-.]/;

/** What a program needs beside the C library: paths of shared libraries. Rejects when one is not found. */
export async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return librariesIn(stdout);
}

/** Reads what `ldd` prints. */
export function librariesIn(printed: string): string[] {
  return printed.split('\n').flatMap((line) => {
    const [, name = '', path = ''] = /^\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? [];
    if (path === 'not found') throw new Error(`the shared library ${name} is not installed`);
    return path === '' || ofTheSystem.test(basename(path)) ? [] : [path];
  });
}
