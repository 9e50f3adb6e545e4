import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bedLine, type ColumnResult } from './column-result.ts';
import type { ColumnId } from './columns.ts';

const main = fileURLToPath(new URL('paths-main.ts', import.meta.url));
const needed = ['unshare', 'nsenter', 'ip', 'ss', 'nft', 'openssl', 'turnserver'];
const STOP_GRACE_MS = 20_000;

/** Why there can be no bed on this machine, in one line; undefined: there can. */
export function whyNoBed(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  const missing = needed.filter((program) => !runs('which', program));
  if (missing.length > 0)
    return `${missing.join(', ')} missing (Debian: apt-get install iproute2 nftables openssl coturn)`;
  const trial = 'ip link add hf0 type veth peer name hf1 && nft list ruleset';
  if (!runs('unshare', '--net', '--mount', 'sh', '-c', trial))
    return 'network namespaces with veth pairs and nftables are not permitted here (root is needed)';
  return undefined;
}

/** Whether Firefox can be started; its column is left out where it cannot. */
export const hasFirefox = (): boolean => runs('which', 'firefox-esr');

const runs = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;

/**
 * Measures these kinds of network one after the other, in namespaces that are gone when it returns. `onResult` hears of
 * each as soon as it is there. Rejects when the bed itself fails.
 */
export async function measurePaths(
  ids: readonly ColumnId[],
  options: {
    readonly signal: AbortSignal;
    readonly say: (line: string) => void;
    readonly onResult?: (result: ColumnResult) => void;
  },
): Promise<ColumnResult[]> {
  const { signal, say, onResult } = options;
  signal.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-paths-'));
  const results: ColumnResult[] = [];
  const child = spawn('unshare', ['--net', '--mount', process.execPath, main, folder, ...ids], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = once(child, 'close');
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = bedLine.parse(JSON.parse(text));
      if ('say' in line) say(line.say);
      else {
        results.push(line.result);
        onResult?.(line.result);
      }
    }
    await ended;
    signal.throwIfAborted();
    if (child.exitCode !== 0) throw new Error(`the bed failed: ${complaint.trim().slice(-1000)}`);
    return results;
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null && child.signalCode === null) stop();
    await ended;
    clearTimeout(killer);
    rmSync(folder, { recursive: true, force: true });
  }
}
