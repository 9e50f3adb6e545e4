import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SilentProxy } from '../../../cli/observe/silent-proxy.ts';

// A server that sends back what it gets.
const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
const sockets: Socket[] = [];
let proxy: SilentProxy;

beforeEach(async () => {
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await SilentProxy.start(`http://127.0.0.1:${address.port}`);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

async function dial() {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(proxy.baseUrl).port) });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function answerTo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

it('a silent proxy passes bytes in both directions', async () => {
  expect(await answerTo(await dial(), 'hello')).toBe('hello');
});

it('a silent proxy swallows what there is, without closing it, and lets new connections through', async () => {
  const old = await dial();
  await answerTo(old, 'before');
  const heard: string[] = [];
  old.on('data', (data) => heard.push(String(data)));
  old.on('close', () => heard.push('closed'));
  proxy.swallow();
  old.write('into the void');
  // Long after that: a whole new connection, to and fro.
  expect(await answerTo(await dial(), 'after')).toBe('after');
  expect(heard).toEqual([]);
  expect(old.writable).toBe(true);
});
