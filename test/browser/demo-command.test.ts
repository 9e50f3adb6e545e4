import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoReport } from '../../cli/demo/report.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs `holdfast` with a temporary folder of its own, so that whatever it leaves there is seen. */
function holdfast(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text: Buffer) => {
    output.stdout += String(text);
  });
  child.stderr?.on('data', (text: Buffer) => {
    output.stderr += String(text);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const said = (text: string) => expect.poll(() => output.stderr, { timeout: 60_000 }).toContain(text);
  return { child, output, ended, said };
}

/** Processes that have this run's temporary folder in their command line or environment. */
function processesLeft(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return command.includes(temporary) || environment.includes(`TMPDIR=${temporary}`) ? [command] : [];
      } catch {
        // It ended in the meantime.
        return [];
      }
    });
}

const nothingLeft = async () => {
  await expect.poll(processesLeft, { timeout: 10_000 }).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
};

describe('holdfast demo', () => {
  it('launches a node, gives one back under live meetings, recovers them from a kill, loses nothing, and says so in one JSON document', async () => {
    const { output, ended } = holdfast(['demo', '--json', '--participants', '4', '--meetings', '2']);
    expect(await ended, output.stderr).toBe(0);
    const report = demoReport.parse(JSON.parse(output.stdout));
    expect(report).toMatchObject({
      ok: true,
      participants: 4,
      meetings: 2,
      lost: { participants: 0, streams: 0 },
      recovery: { participants: 4, lost: 0 },
    });
    // Each of the two machines holds one of the meetings; one of them is given back.
    expect(report.streams.filter(({ kind }) => kind === 'video')).toHaveLength(2);
    expect(report.streams.filter(({ kind }) => kind === 'audio')).toHaveLength(2);
    const [launch, drain, release, standBy] = report.scaling;
    expect(report.scaling.map(({ action }) => action)).toEqual(['grow', 'drain', 'release', 'grow']);
    expect(launch?.node).toBe('node-2');
    expect(release?.node).toBe(drain?.node);
    expect(standBy).toMatchObject({ node: 'node-3', reason: expect.stringContaining('minimum of 2') });
    expect(report.releasedMs).toBeGreaterThanOrEqual(report.evacuationMs);
    await nothingLeft();
  });

  it('without a browser says in one line what to do, and leaves nothing', async () => {
    const { output, ended } = holdfast(['demo', '--json'], { HOLDFAST_CHROMIUM: '/nowhere/chromium' });
    expect(await ended).toBe(1);
    expect(output.stdout).toBe('');
    expect(output.stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^holdfast: HOLDFAST_CHROMIUM names \/nowhere\/chromium/,
    );
    await nothingLeft();
  });

  it.each([
    { phase: 'while the platform starts', line: 'Start a control plane' },
    { phase: 'while people join', line: 'joins' },
    { phase: 'while meetings move', line: 'meetings moved' },
  ])('interrupted $phase ends everything it started', async ({ line }) => {
    const { child, ended, said } = holdfast(['demo']);
    await said(line);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    await nothingLeft();
  });

  it.each([
    { args: ['demo', '--participant', '3'], says: /unknown option '--participant'/ },
    { args: ['demo', '--participants', 'many'], says: /whole number from 2 to 48/ },
    { args: ['demo', '--participants', '2', '--meetings', '2'], says: /cannot fill 2 meetings/ },
    { args: ['bench', 'handovers'], says: /unknown command 'handovers'/ },
  ])('refuses `$args` with one line and exit code 2', async ({ args, says }) => {
    const { output, ended } = holdfast(args);
    expect(await ended).toBe(2);
    expect(output.stderr).toMatch(says);
    expect(output.stdout).toBe('');
  });
});
