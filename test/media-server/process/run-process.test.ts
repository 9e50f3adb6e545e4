import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('fake-processes/careless.ts', import.meta.url));

/** Runs it until it ends by itself, or says that it is alive. */
async function run(...args: string[]): Promise<{ said: string; code: number | null }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
    if (said.includes('alive') && !args.includes('throws')) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'close');
  return { said, code: typeof code === 'number' ? code : null };
}

it('a process ends with a rejection that nobody handled', async () => {
  expect(await run()).toMatchObject({ code: 70 });
});

it('one that carries too much for that counts it and goes on', async () => {
  const { said, code } = await run('forgiving');
  expect(said).toContain('alive after 1');
  expect(code).toBe(0);
});

it('every process ends with an exception that nobody caught', async () => {
  const { said, code } = await run('forgiving', 'throws');
  expect(said).toContain('alive after 1');
  expect(code).toBe(70);
});
