import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Listr } from 'listr2';
import { archive } from './archive.ts';
import { collect, type Parts } from './collect.ts';

export interface BundleFlags {
  readonly out: string;
  readonly json: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Makes the release bundle and says what it is. Rejects when a part of it is missing on this machine, with what to do. */
export async function runBundle({ out, json }: BundleFlags): Promise<void> {
  const file = resolve(out);
  const work = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
  const folder = join(work, 'release');
  try {
    mkdirSync(dirname(file), { recursive: true });
    const parts = findParts();
    const done = { sha256: '', bytes: 0, parts: {} as Readonly<Record<string, number>> };
    await new Listr(
      [
        {
          title: 'collect the parts',
          task: async () => {
            done.parts = await collect(root, parts, folder);
          },
        },
        {
          title: 'pack',
          task: async () => {
            Object.assign(done, await archive(folder, file));
          },
        },
      ],
      { renderer: json ? 'silent' : 'simple' },
    ).run();
    const document = { file, ...done };
    process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : forPeople(document));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function findParts(): Parts {
  const worker = process.env.MEDIASOUP_WORKER_BIN;
  if (!worker) throw new Error('MEDIASOUP_WORKER_BIN is not set; start it as: npm run bundle');
  const turnserver = spawnSync('sh', ['-c', 'command -v turnserver'], { encoding: 'utf8' }).stdout.trim();
  if (turnserver === '')
    throw new Error('coturn is not installed, and machines get it from the bundle: apt-get install coturn');
  const pages = join(root, 'media-server', 'web', 'dist');
  if (!existsSync(pages)) throw new Error('the pages are not built; start it as: npm run bundle');
  return { node: process.execPath, worker, turnserver, pages };
}

function forPeople({
  file,
  sha256,
  bytes,
  parts,
}: {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly parts: Readonly<Record<string, number>>;
}): string {
  const megabytes = (size: number) => `${(size / 1e6).toFixed(1)} MB`;
  const lines = Object.entries(parts).map(
    ([name, size]) => `  ${name.padEnd(10)}${megabytes(size).padStart(10)}`,
  );
  return `
${file}
  ${megabytes(bytes)} packed, of
${lines.join('\n')}
  sha256 ${sha256}

To launch machines from it:
  pulumi config set --path holdfast:release.bundle ${file}
  pulumi config set --path holdfast:release.sha256 ${sha256}
`;
}
