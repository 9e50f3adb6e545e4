import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../coturn-config-lite/cli.ts';
import { plain } from './good-files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coturn-config-lite-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: string[], options: { stdin?: string; env?: Record<string, string> } = {}) {
  let stdout = '';
  let stderr = '';
  const code = runCommand(args, {
    stdin: () => options.stdin ?? '',
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    env: options.env ?? {},
    nowMs: () => 1_800_000_000_000,
  });
  return { code, stdout, stderr };
}

describe('coturn-config-lite lint', () => {
  it('says nothing but the count of a good file', () => {
    expect(run(['lint'], { stdin: plain })).toEqual({
      code: 0,
      stdout: '0 errors, 0 warnings\n',
      stderr: '',
    });
  });

  it('names file, line, rule, why and the fix', () => {
    const file = join(folder, 'turnserver.conf');
    writeFileSync(file, `${plain}no-udp-relay\n`);
    const { code, stdout } = run(['lint', file]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${file}:${plain.split('\n').length} error no-udp-relay\n  Without UDP`);
    expect(stdout).toMatch(/1 error, 0 warnings\n$/);
  });

  it('fails for warnings only when it is asked to be strict', () => {
    const stdin = `${plain}verbose\n`;
    expect(run(['lint'], { stdin }).code).toBe(0);
    expect(run(['lint', '--strict'], { stdin }).code).toBe(1);
  });

  it('speaks JSON', () => {
    const { stdout } = run(['lint', '--json', '-'], { stdin: 'no-auth\n' });
    expect(JSON.parse(stdout).findings[0]).toMatchObject({ rule: 'open-relay', line: 1, severity: 'error' });
  });
});

describe('coturn-config-lite render', () => {
  it('writes the file', () => {
    const stdin = JSON.stringify({ listeningPort: 3478, useAuthSecret: true });
    expect(run(['render'], { stdin })).toEqual({
      code: 0,
      stdout: 'listening-port=3478\nuse-auth-secret\n',
      stderr: '',
    });
  });

  it('says what is wrong with a configuration', () => {
    const { code, stderr } = run(['render'], { stdin: '{"listeningPort": 0, "prot": 1}' });
    expect(code).toBe(1);
    expect(stderr).toContain('listening-port: must be a whole number from 1 to 65535');
    expect(stderr).toContain('prot: is no option');
  });
});

describe('coturn-config-lite credentials', () => {
  it('makes them with the secret of the environment', () => {
    const { code, stdout } = run(['credentials', 'ada', '--ttl', '60', '--json'], {
      env: { TURN_SECRET: 'north' },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ username: '1800000060:ada', expiresAtMs: 1_800_000_060_000 });
  });
});

describe('a command that is not understood', () => {
  it.each([
    [[], 'a command is missing'],
    [['mend'], 'no command "mend"'],
    [['lint', 'a', 'b'], 'one argument too many'],
    [['lint', '--loud'], "Unknown option '--loud'"],
    [['lint', '/no/such/file'], 'cannot read /no/such/file'],
    [['credentials'], 'needs a USER'],
    [['credentials', 'ada'], 'TURN_SECRET is not set'],
  ])('%j: one clear line and exit code 2', (args, message) => {
    const { code, stderr, stdout } = run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('helps itself', () => {
    expect(run(['--help']).stdout).toContain('Examples:');
  });
});
