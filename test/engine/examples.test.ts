import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../components/aws/recorded.ts';
import { openStack, type Stack } from './pulumi.ts';

const binary = process.env.HOLDFAST_PULUMI;
const example = (name: string) =>
  readFileSync(new URL(`../../stacks/Pulumi.${name}.yaml`, import.meta.url), 'utf8');

describe.skipIf(binary === undefined)('the examples of stacks', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await openStack(binary ?? '', 'example');
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  it('say what is to be set, with the command', async () => {
    stack.configureWith(example('aws-single'));
    const { code, output } = await stack.preview();
    expect(code).not.toBe(0);
    expect(output).toContain('holdfast:release.sha256 is wrong');
    expect(output).toContain("pulumi config set --path 'holdfast:release.sha256'");
  });

  it.each([
    ['aws-single', 59],
    ['aws-elastic', 81],
    ['aws-local', 75],
  ])('%s works once that is set', async (name, resources) => {
    const { bundle: file, sha256 } = bundle();
    const set = example(name)
      .replace('bundle: dist/holdfast-release.tar.gz', `bundle: ${file}`)
      .replace('sha256: set-me', `sha256: ${sha256}`)
      .replace('machineImage: set-me', 'machineImage: ami-0123456789abcdef0');
    stack.configureWith(set);
    const { code, output, steps } = await stack.preview();
    expect(code, output).toBe(0);
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(['create']));
    expect(steps).toHaveLength(resources);
  });
});
