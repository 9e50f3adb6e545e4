import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type CustomResourceOptions, type Resource, runtime } from '@pulumi/pulumi';
import { z } from 'zod';
import { awsTraits } from '../../components/aws/aws-traits.ts';
import { ConferencingPlatform } from '../../components/aws/conferencing-platform.ts';
import { checkSettings } from '../../components/check-settings.ts';
import { stackSettings } from '../../components/stack-settings.ts';
import { awsAnswer, computedBy } from './aws-computed.ts';
import { type Graph, type GraphResource, keyOf } from './graph.ts';

const stackFile = z.object({ config: z.record(z.string(), z.unknown()) });

/** The resources that the stack of that file asks for. A release that is not set yet is assumed. */
export async function graphOf(file: string): Promise<Graph> {
  const { config } = stackFile.parse(yaml().load(readFileSync(file, 'utf8')));
  const values = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const { cloud, settings } = stackSettings(values);
  if (cloud !== 'aws') throw new Error(`holdfast:cloud is ${cloud}, and only aws has components yet`);
  const stack = basename(file).replace(/^Pulumi\.|\.yaml$/g, '');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-preview-'));
  try {
    const { release, assumed } = assumedRelease(settings.release, folder);
    const checked = checkSettings({ ...settings, release }, awsTraits);
    const resources = await askedFor(stack, checked);
    return { stack, phase: checked.phase, assumed, resources };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The resources that a platform with these settings asks for. */
export async function askedFor(
  stack: string,
  settings: ReturnType<typeof checkSettings>,
): Promise<GraphResource[]> {
  const inputs = new Map<string, Record<string, unknown>>();
  await runtime.setMocks(
    {
      newResource({ type, name, inputs: given, custom }) {
        inputs.set(keyOf({ type, name }), given);
        if (!custom) return { id: undefined, state: given };
        return { id: `${name}-id`, state: { ...given, ...computedBy(type, name, given), ...version(given) } };
      },
      call: ({ token }) => awsAnswer(token),
    },
    'holdfast',
    stack,
  );
  const asked: { type: string; name: string; parent: string | null; options: CustomResourceOptions }[] = [];
  const keys = new Map<Resource, string>();
  try {
    new ConferencingPlatform('conference', settings, {
      transformations: [
        ({ resource, type, name, opts }) => {
          keys.set(resource, keyOf({ type, name }));
          asked.push({ type, name, parent: (opts.parent && keys.get(opts.parent)) ?? null, options: opts });
          return undefined;
        },
      ],
    });
  } finally {
    await runtime.disconnect();
  }
  return asked.map(({ options, ...each }) => ({
    ...each,
    inputs: z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(JSON.stringify(inputs.get(keyOf(each)) ?? {}))),
    protect: options.protect ?? false,
    retained: options.retainOnDelete ?? false,
    ignored: options.ignoreChanges ?? [],
  }));
}

/** Of a launch template: another version for other content, so that whoever uses it is seen to change. */
function version(inputs: Record<string, unknown>): Record<string, unknown> {
  if (inputs.userData === undefined) return {};
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest();
  return { latestVersion: 1 + (hash.readUInt32BE() % 1_000_000) };
}

/**
 * A bundle that need not be there: its content is its checksum, so that another checksum is another bundle. What a new
 * stack's file leaves to be set is assumed.
 */
function assumedRelease(given: unknown, folder: string): { release: unknown; assumed: string[] } {
  const parsed = z.record(z.string(), z.unknown()).safeParse(given);
  if (!parsed.success) return { release: given, assumed: [] };
  const { sha256, machineImage } = parsed.data;
  const bundle = join(folder, 'bundle');
  writeFileSync(bundle, String(sha256));
  const assumed = Object.entries({ sha256, machineImage }).flatMap(([key, value]) =>
    value === 'set-me' ? [`holdfast:release.${key}`] : [],
  );
  return {
    release: {
      ...parsed.data,
      bundle,
      sha256: createHash('sha256').update(String(sha256)).digest('hex'),
      ...(machineImage === 'set-me' ? { machineImage: awsTraits.examples['release.machineImage'] } : {}),
    },
    assumed,
  };
}

/** The reader of YAML with which Pulumi's SDK reads the same files. */
function yaml(): { load(text: string): unknown } {
  const sdk = createRequire(createRequire(import.meta.url).resolve('@pulumi/pulumi/package.json'));
  return sdk('js-yaml');
}
