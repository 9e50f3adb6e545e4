import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LocalPlatformOptions } from '../../../cli/local/local-platform.ts';

/** Fakes of the two programs that need media; the drain agent is the real one. */
export const fakePrograms: NonNullable<LocalPlatformOptions['programs']> = {
  'control-plane': fileURLToPath(new URL('fake-processes/control-plane.ts', import.meta.url)),
  'media-node': fileURLToPath(new URL('fake-processes/media-node.ts', import.meta.url)),
  'drain-agent': fileURLToPath(new URL('../../../lifecycle-hooks/agent/main.ts', import.meta.url)),
};

/** Resolves when the condition holds; the time between two looks is real, since real processes are looked at. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limit = setTimeout(() => reject(new Error(`${what} did not come within ${limitMs} ms`)), limitMs);
  const look = setInterval(async () => {
    if (await condition()) resolve();
  }, 20);
  try {
    await promise;
  } finally {
    clearTimeout(limit);
    clearInterval(look);
  }
}

/** Runs still. One that has ended and that nobody has asked for yet (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !(existsSync(stat) && /\) Z /.test(readFileSync(stat, 'utf8')));
}
