// The Pulumi CLI for the tests of stacks: the machine's own, else one built from its Go modules. Without either these
// tests are skipped: whoever only works on meetings needs no Pulumi.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { withLog } from './log.mjs';
import { cacheFolder, root } from './paths.mjs';
import { run } from './processes.mjs';
import { step } from './step.mjs';

const recipe = join(root, 'cli', 'setup', 'pulumi-build');
const oldestMinor = 200;
const goNeeded = { major: 1, minor: 25 };

/**
 * @param {() => Promise<void>} confirm asked before anything slow is begun
 * @returns {Promise<string | undefined>} its path; nothing where there is none and none can be built
 */
export async function pulumi(confirm) {
  const chosen = process.env.HOLDFAST_PULUMI;
  if (chosen) {
    if (isRecent(chosen)) return chosen;
    throw new SetupError(`HOLDFAST_PULUMI is ${chosen}, which is no Pulumi CLI of 3.${oldestMinor} or newer`);
  }
  if (isRecent('pulumi')) return 'pulumi';

  const version = /pulumi\/pkg\/v3 v([0-9.]+)/.exec(readFileSync(join(recipe, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new SetupError(`${recipe}/go.mod names no version of Pulumi`);
  const key = `${version}-${process.platform}-${process.arch}`;
  const built = join(cacheFolder('pulumi'), key, 'pulumi');
  if (isRecent(built)) return built;
  if (!hasGo()) {
    process.stderr.write(
      'holdfast: no pulumi and no Go 1.25 here, so the tests of stacks in the real engine are skipped\n',
    );
    return undefined;
  }
  await confirm();
  return withLock(`pulumi-${key}`, async () => (isRecent(built) ? built : await build(built, version)));
}

/** @param {string} binary */
function isRecent(binary) {
  const { status, stdout } = spawnSync(binary, ['version'], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: '1' },
    encoding: 'utf8',
  });
  const [, major, minor] = /v([0-9]+)\.([0-9]+)/.exec(stdout ?? '') ?? [];
  return status === 0 && major === '3' && Number(minor) >= oldestMinor;
}

function hasGo() {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  const [, major, minor] = /go([0-9]+)\.([0-9]+)/.exec(stdout ?? '') ?? [];
  return status === 0 && Number(major) === goNeeded.major && Number(minor) >= goNeeded.minor;
}

/**
 * @param {string} target
 * @param {string} version
 * @returns {Promise<string>} the target
 */
async function build(target, version) {
  // In a folder of its own: Go may complete the files that pin versions.
  const folder = mkdtempSync(join(tmpdir(), 'pulumi-build-'));
  try {
    for (const file of ['go.mod', 'go.sum', 'tools.go']) copyFileSync(join(recipe, file), join(folder, file));
    await step('building the Pulumi CLI, once (3 to 6 minutes)', () =>
      withLog('pulumi-build', async (log) => {
        const stamp = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
        const { code } = await run(
          'go',
          [
            'build',
            '-mod=mod',
            '-buildvcs=false',
            '-ldflags',
            `-s -w -X ${stamp}`,
            '-o',
            join(folder, 'pulumi'),
            'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
          ],
          { log, cwd: folder },
        );
        if (code !== 0 || !isRecent(join(folder, 'pulumi'))) {
          throw new SetupError('the Pulumi CLI could not be built', 'The log ends with the reason.', log);
        }
      }),
    );
    mkdirSync(dirname(target), { recursive: true });
    const partial = `${target}.partial.${process.pid}`;
    copyFileSync(join(folder, 'pulumi'), partial);
    chmodSync(partial, 0o755);
    renameSync(partial, target);
    return target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
