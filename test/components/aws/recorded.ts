import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Resource,
  runtime,
} from '@pulumi/pulumi';
import { awsAnswer, computedBy } from '../../../cli/preview/aws-computed.ts';
import type { PlatformSettingsInput } from '../../../components/contract.ts';

/** A resource as the program asked for it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly options: CustomResourceOptions;
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));

/** A file to stand for a release bundle. */
export function bundle(content = 'a bundle'): { bundle: string; sha256: string } {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const file = join(folder, `${sha256.slice(0, 8)}.tar.zst`);
  writeFileSync(file, content);
  return { bundle: file, sha256 };
}

/** Settings that work, for each phase. */
export function settings(phase: PlatformSettingsInput['phase'], more: Partial<PlatformSettingsInput> = {}) {
  const own = phase === 'single' ? {} : { machineType: 't3.small' };
  return {
    phase,
    release: { ...bundle(), machineImage: 'ami-0123456789abcdef0' },
    media: { machineType: 'c7i.xlarge', ...(phase === 'single' ? {} : { min: 1, max: 10, initial: 2 }) },
    controlPlane: { ...own, ...(phase === 'ha' ? { replicas: 2 } : {}) },
    turn: { ...own, ...(phase === 'single' ? {} : { servers: 2 }) },
    ...(phase === 'ha' ? { stateStore: { machineType: 'cache.t4g.small' } } : {}),
    domain: { name: 'meet.example.org', zoneId: 'Z0123', acmeEmail: 'operations@example.org' },
    network: { zones: ['eu-central-1a', 'eu-central-1b'] },
    tags: { team: 'calls' },
    ...more,
  } satisfies PlatformSettingsInput;
}

/**
 * Lets a program ask for its resources against mocks, and returns what it asked for. In a preview nothing that the cloud
 * computes is known.
 *
 * @param make gets options that the outermost component must be made with
 */
export async function record<R extends Resource>(
  make: (options: ComponentResourceOptions) => R,
  preview = false,
): Promise<{ made: Recorded[]; root: R }> {
  const inputs = new Map<string, Record<string, unknown>>();
  await runtime.setMocks(
    {
      newResource({ type, name, inputs: given, custom }) {
        inputs.set(`${type} ${name}`, given);
        if (!custom || preview) return { id: undefined, state: given };
        return { id: `${name}-id`, state: { ...given, ...computedBy(type, name, given) } };
      },
      call: ({ token }) => awsAnswer(token),
    },
    'holdfast',
    'test',
    preview,
  );
  const asked: Omit<Recorded, 'inputs'>[] = [];
  let root: R;
  try {
    root = make({
      transformations: [
        ({ type, name, opts }) => {
          asked.push({ type, name, options: opts });
          return undefined;
        },
      ],
    });
  } finally {
    // What was begun before an error must not be answered by the next test's mocks.
    await runtime.disconnect();
  }
  const made = asked.map((each) => {
    const given = inputs.get(`${each.type} ${each.name}`);
    if (!given) throw new Error(`${each.type} ${each.name} was begun and never asked for`);
    return { ...each, inputs: given };
  });
  return { made, root };
}

/** How many of each type. */
export function count(made: readonly Recorded[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of made) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** The one resource of that type and name. */
export function the(made: readonly Recorded[], type: string, name: string): Recorded {
  const found = made.filter((each) => each.type === type && each.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} × ${type} ${name}`);
  return found[0];
}
