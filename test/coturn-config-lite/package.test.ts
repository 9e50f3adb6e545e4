import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder: string;

function run(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coturn-config-lite-pack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is of use to a stranger: packed, installed without a network, imported, typed and run', {
  timeout: 120_000,
}, () => {
  const packed = run('npm', ['pack', '--pack-destination', folder], join(root, 'coturn-config-lite'));
  expect(packed).toMatchObject({ status: 0 });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));

  writeFileSync(join(folder, 'package.json'), '{"name": "stranger", "version": "1.0.0", "type": "module"}');
  const installed = run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], folder);
  expect(installed).toMatchObject({ status: 0 });

  const script = `import { lint, parse, render } from 'coturn-config-lite';
const config = parse(render({ listeningPort: 3478, noAuth: true })).config;
console.log(config.listeningPort, lint(config)[0].rule);`;
  expect(run('node', ['--input-type=module', '-e', script], folder).stdout).toBe('3478 open-relay\n');

  const typed = `import { lint, type TurnServerConfig } from 'coturn-config-lite';
const config: TurnServerConfig = { listeningPort: 3478, user: ['ada:x'] };
const rule: string | undefined = lint(config)[0]?.rule;
// @ts-expect-error a port is a number
const wrong: TurnServerConfig = { listeningPort: '3478' };
export { rule, wrong };`;
  writeFileSync(join(folder, 'typed.ts'), typed);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', 'typed.ts'];
  expect(run(join(root, 'node_modules/.bin/tsc'), options, folder)).toMatchObject({ status: 0, stdout: '' });

  writeFileSync(join(folder, 'turnserver.conf'), 'no-auth\n');
  const linted = run('npx', ['--no-install', 'coturn-config-lite', 'lint', 'turnserver.conf'], folder);
  expect(linted.status).toBe(1);
  expect(linted.stdout).toContain('turnserver.conf:1 error open-relay');

  const files = readdirSync(join(folder, 'node_modules/coturn-config-lite'));
  expect(files.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
});
