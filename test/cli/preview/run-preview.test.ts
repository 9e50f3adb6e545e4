import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** A network that is to go, as the engine says it. */
const PLAN = JSON.stringify({
  steps: [
    {
      op: 'delete',
      urn: 'urn:pulumi:x::holdfast::holdfast:aws:Network$aws:ec2/vpc:Vpc::network',
      oldState: { inputs: {} },
    },
  ],
});
const folder = mkdtempSync(join(tmpdir(), 'holdfast-preview-test-'));

function holdfast(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'cli/main.ts'), 'preview', ...args],
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end(PLAN);
  });
}

/** An example of the folder stacks with something changed. */
function changed(name: string, change: (text: string) => string): string {
  const file = join(folder, `Pulumi.${name}.yaml`);
  writeFileSync(file, change(readFileSync(join(root, `stacks/Pulumi.${name}.yaml`), 'utf8')));
  return file;
}

const json = z.object({
  changes: z.array(z.object({ op: z.string(), name: z.string(), effect: z.string() })).nullable(),
  endsMeetings: z.boolean(),
  costs: z.object({ monthly: z.number(), complete: z.boolean() }),
});

describe('holdfast preview', { timeout: 120_000 }, () => {
  it('needs neither credentials nor a bundle, and says what it has assumed', async () => {
    const { code, stdout } = await holdfast('aws-single');
    expect(code).toBe(0);
    expect(stdout).toContain('aws-single: phase single, 58 resources');
    expect(stdout).toContain('holdfast:release.sha256 is not set yet; assumed');
    expect(stdout).toMatch(/About \$\d+\.\d\d a month, by list prices of us-east-1 as of \d{4}-\d\d\./);
  });

  it('shows that a stack moves up a phase without an end for any meeting', async () => {
    const html = join(folder, 'preview.html');
    const { code, stdout } = await holdfast(
      'aws-elastic',
      '--against',
      'aws-single',
      '--json',
      '--html',
      html,
    );
    expect(code).toBe(0);
    const { changes, endsMeetings } = json.parse(JSON.parse(stdout));
    expect(endsMeetings).toBe(false);
    expect(new Set(changes?.map(({ op }) => op))).toEqual(new Set(['create', 'update']));
    expect(changes?.filter(({ effect }) => effect !== 'none')).toEqual([
      { op: 'update', name: 'media', effect: 'rolls by drain' },
    ]);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('LaunchTemplate <b>media</b>');
    expect(page).toContain('class="thing rolls"');
  });

  it('ends with 1 when a change would end meetings, and names the property', async () => {
    const other = changed('aws-single', (text) => `${text}    cidr: 10.9.0.0/16\n`);
    const { code, stdout } = await holdfast(other, '--against', 'aws-single', '--markdown');
    expect(code).toBe(1);
    expect(stdout).toContain('changes would end meetings');
    expect(stdout).toContain('Changing cidrBlock ends what it holds');
  });

  it('sees a new bundle as a new generation that is drained', async () => {
    const newer = changed('aws-single', (text) =>
      text.replace('sha256: set-me', `sha256: ${'e'.repeat(64)}`),
    );
    const { code, stdout } = await holdfast(newer, '--against', 'aws-single');
    expect(code).toBe(0);
    expect(stdout).toMatch(/update +LaunchTemplate media +userData +rolls by drain/);
    expect(stdout).toContain('No change ends a meeting; 1 roll by drain.');
  });

  it('compares with what another checkout makes of the same stack', async () => {
    const { code, stdout } = await holdfast('aws-single', '--against', root);
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing changes.');
  });

  it('judges the plan of the engine', async () => {
    const file = join(folder, 'plan.json');
    writeFileSync(file, PLAN);
    for (const source of [file, '-']) {
      const { code, stdout } = await holdfast('aws-single', '--plan', source);
      expect(code, source).toBe(1);
      expect(stdout).toContain('1 of 1 changes would end meetings.');
    }
  });

  it('says what is wrong with a stack’s file, and that there is none', async () => {
    const wrong = changed('aws-single', (text) => text.replace('phase: single', 'phase: triple'));
    expect((await holdfast(wrong)).stderr).toContain('holdfast:phase is wrong');
    const { code, stderr } = await holdfast('nowhere');
    expect(code).toBe(1);
    expect(stderr).toContain('there is no stack nowhere');
  });
});
