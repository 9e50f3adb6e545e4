import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

async function holdfast(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } });
  const text = async (stream: NodeJS.ReadableStream) => {
    const chunks: string[] = [];
    stream.setEncoding('utf8');
    for await (const chunk of stream) chunks.push(String(chunk));
    return chunks.join('');
  };
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, stdout, stderr };
}

describe('holdfast on the command line', { timeout: 20_000 }, () => {
  it.concurrent.each([
    ['an unknown option', ['local', '--bogus'], "error: unknown option '--bogus'\n"],
    ['an unknown command', ['levitate'], "error: unknown command 'levitate'\n"],
    [
      'a port that is none',
      ['local', '--port', 'x'],
      "error: option '--port <n>' argument 'x' is invalid. give a whole number from 1 to 65535.\n",
    ],
    [
      'an open address without a certificate',
      ['local', '--host', '0.0.0.0'],
      'error: browsers give cameras to pages on 0.0.0.0 only over https: give --tls-cert and --tls-key.\n',
    ],
    [
      'a host that is no address',
      ['local', '--host', 'meet.example.org'],
      'error: --host takes an IP address of this machine, 0.0.0.0 for all of them, or localhost.\n',
    ],
    [
      'a media host that is no address',
      ['local', '--media-host', 'meet.example.org'],
      'error: --media-host takes an IP address of this machine, 0.0.0.0 for all of them, or localhost.\n',
    ],
    [
      'a certificate without its key',
      ['local', '--tls-cert', program],
      'error: --tls-cert and --tls-key belong together: give both.\n',
    ],
  ])('answers %s with one clear line and exit code 2', async (_what, args, line) => {
    expect(await holdfast(args)).toEqual({ code: 2, stdout: '', stderr: line });
  });

  it.concurrent('answers a taken port with one clear line and exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { code, stderr } = await holdfast(['local', '--port', String(port)]);
    server.close();
    expect(stderr).toBe(
      `holdfast: port ${port} on 127.0.0.1 is taken. Stop what uses it, or choose another one with --port.\n`,
    );
    expect(code).toBe(1);
  });

  it.concurrent('shows help with an example for each command', async () => {
    const { code, stdout } = await holdfast(['local', '--help']);
    expect(stdout).toContain('Examples:');
    expect(code).toBe(0);
  });

  it.concurrent('only reads the command line when set-up asks whether it is right', async () => {
    expect(await holdfast(['local'], { HOLDFAST_PARSE_ONLY: '1' })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
