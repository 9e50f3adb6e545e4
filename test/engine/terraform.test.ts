import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { askedFor } from '../../cli/preview/graph-of.ts';
import { awsTraits } from '../../components/aws/aws-traits.ts';
import { checkSettings } from '../../components/check-settings.ts';
import { settings } from '../components/aws/recorded.ts';
import { terraformJson } from './terraform-json.ts';

const provider = 'registry.terraform.io/hashicorp/aws';

/** A folder with Terraform's AWS provider, where one is: named by the environment, or in one of the usual places. */
function findMirror(): { folder: string; version: string } | undefined {
  const shared = ['/opt', '/usr/share', '/usr/local/share'].flatMap((top) =>
    existsSync(top) ? readdirSync(top).map((name) => join(top, name)) : [],
  );
  const places = [
    process.env.HOLDFAST_TERRAFORM_MIRROR ?? '',
    join(homedir(), '.terraform.d', 'plugins'),
    ...shared,
    ...shared.map((place) => join(place, 'plugins')),
  ];
  for (const folder of places.filter((place) => place !== '' && existsSync(join(place, provider)))) {
    const version = readdirSync(join(folder, provider)).find((name) => /^\d+\.\d+\.\d+$/.test(name));
    if (version !== undefined) return { folder, version };
  }
  return undefined;
}

const mirror = findMirror();
const terraform = spawnSync('terraform', ['version']).status === 0 && mirror !== undefined;
if (!terraform)
  process.stderr.write('no terraform with its AWS provider here: graphs are not judged by it\n');

const planned = z.object({
  resource_changes: z.array(
    z.object({ type: z.string(), change: z.object({ actions: z.array(z.string()) }) }),
  ),
});

/** The provider of AWS itself knows what AWS takes: enums, conflicts, required arguments, shapes of names. */
describe.skipIf(!terraform)('the AWS provider', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-terraform-'));
    const rc = join(folder, 'terraform.rc');
    writeFileSync(rc, `provider_installation { filesystem_mirror { path = "${mirror?.folder}" } }\n`);
    env = {
      ...process.env,
      TF_CLI_CONFIG_FILE: rc,
      CHECKPOINT_DISABLE: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    execFileSync('terraform', args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

  it.each(['single', 'elastic', 'ha'] as const)('takes and plans everything of phase %s', async (phase) => {
    const resources = await askedFor('engine', checkSettings(settings(phase), awsTraits));
    writeFileSync(
      join(folder, 'main.tf.json'),
      JSON.stringify(terraformJson(resources, mirror?.version ?? '')),
    );
    run('init', '-no-color', '-input=false');
    const { valid, diagnostics } = z
      .object({ valid: z.boolean(), diagnostics: z.array(z.unknown()) })
      .parse(JSON.parse(run('validate', '-json')));
    expect(diagnostics).toEqual([]);
    expect(valid).toBe(true);
    run('plan', '-no-color', '-input=false', '-out=plan');
    const plan = planned.parse(JSON.parse(run('show', '-json', 'plan')));
    const ours = resources.filter(({ type }) => type.startsWith('aws:'));
    expect(plan.resource_changes).toHaveLength(ours.length);
    expect(new Set(plan.resource_changes.flatMap(({ change }) => change.actions))).toEqual(
      new Set(['create']),
    );
  });

  it('refuses what AWS would refuse', async () => {
    const resources = await askedFor('engine', checkSettings(settings('single'), awsTraits));
    const wrong = resources.map((each) =>
      each.type.endsWith(':LifecycleHook')
        ? { ...each, inputs: { ...each.inputs, defaultResult: 'PERHAPS', unknownArgument: 1 } }
        : each,
    );
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(terraformJson(wrong, mirror?.version ?? '')));
    run('init', '-no-color', '-input=false');
    const { stdout } = spawnSync('terraform', ['validate', '-json'], { cwd: folder, env, encoding: 'utf8' });
    expect(stdout).toContain('unknown_argument');
  });
});
