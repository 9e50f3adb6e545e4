import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CLIENT_BUDGET } from '@holdfast/media-server/process/connection-budget.ts';
import {
  MAX_INTERNAL_MESSAGE_BYTES,
  RpcSocket,
  type RpcSocketOptions,
} from '@holdfast/media-server/process/rpc-socket.ts';
import {
  closeCode,
  type HoldfastError,
  notification,
  request,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { eventually } from '../control-plane/platform.ts';

const contract = {
  echo: request(
    'Says it again.',
    z.object({ text: z.string(), times: z.int().default(1) }),
    z.object({ text: z.string() }),
  ),
  stay: request('Never answers.', z.object({}), z.object({})),
  hint: notification('Tells.', z.object({ text: z.string() })),
};
type Options = RpcSocketOptions<typeof contract, typeof contract>;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server's end of a real WebSocket with these options, and the raw other end. */
async function pair(options: Partial<Options> = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: MAX_INTERNAL_MESSAGE_BYTES });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const raw = new WebSocket(`ws://127.0.0.1:${port}`, { maxPayload: MAX_INTERNAL_MESSAGE_BYTES });
  const [ws] = (await once(server, 'connection')) as [WebSocket];
  const errors: { error: HoldfastError; context: object }[] = [];
  const hints: string[] = [];
  const all: Options = {
    local: contract,
    remote: contract,
    pingMs: 0,
    handlers: {
      echo: ({ text, times }) => ({ text: text.repeat(times) }),
      stay: () => new Promise(() => {}),
      hint: ({ text }) => {
        hints.push(text);
      },
    },
    onError: (error, context) => errors.push({ error, context }),
    ...options,
  };
  const rpc = new RpcSocket(ws, all);
  if (raw.readyState !== WebSocket.OPEN) await once(raw, 'open');
  const answers: { id?: unknown; error?: { data?: { code?: string; retryAfterMs?: number } } }[] = [];
  raw.on('message', (data) => answers.push(JSON.parse(String(data))));
  let code: number | undefined;
  raw.on('close', (c) => {
    code = c;
  });
  ends.push(() => {
    raw.terminate();
    ws.terminate();
    server.close();
  });
  const ask = (id: unknown, method = 'echo', params: object = { text: 'x' }) =>
    raw.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  return { rpc, raw, ws, errors, hints, answers, ask, handlers: all.handlers, closeCode: () => code };
}

it('a request that the other side would close the connection for fails alone', async () => {
  const { rpc, raw, ws, handlers } = await pair();
  const far = new RpcSocket(raw, { local: contract, remote: contract, pingMs: 0, handlers });
  // 1e20 is five bytes on its way in and 21 on its way on: what came small enough may be too large to pass on.
  const tooLarge = 'x'.repeat(MAX_INTERNAL_MESSAGE_BYTES);
  await expect(rpc.request('echo', { text: tooLarge })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await expect(rpc.request('echo', { text: 'and on' })).resolves.toEqual({ text: 'and on' });
  expect(ws.readyState).toBe(WebSocket.OPEN);
  expect(far.open).toBe(true);
});

it('an answer that is too large for who asked is an error for who asked', async () => {
  const { rpc, raw, handlers } = await pair();
  const far = new RpcSocket(raw, { local: contract, remote: contract, pingMs: 0, handlers });
  const asked = far.request('echo', { text: 'x'.repeat(1000), times: 2000 });
  await expect(asked).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  expect(rpc.open && far.open).toBe(true);
});

it('a notification that is too large is dropped, with an error', async () => {
  const { rpc, errors } = await pair();
  expect(rpc.notify('hint', { text: 'x'.repeat(MAX_INTERNAL_MESSAGE_BYTES) })).toBe(false);
  expect(errors).toMatchObject([{ error: { code: 'BAD_REQUEST' }, context: { method: 'hint' } }]);
  expect(rpc.open).toBe(true);
});

it('answers are bounded for a browser that does not read', async () => {
  const { rpc, raw, ask } = await pair({
    budget: { ...CLIENT_BUDGET, bytesBeforeEntry: 1e9, messages: { perSecond: 1e6, burst: 1e6 } },
  });
  raw.pause();
  // The system takes some megabytes for a socket; more than that waits with us.
  for (let id = 0; id < 250; id += 1) ask(id, 'echo', { text: 'x'.repeat(500), times: 400 });
  expect(await rpc.closed).toBe('the other side does not read');
});

it('a batch is not carried out', async () => {
  const { raw, errors, hints, answers } = await pair();
  const hint = { jsonrpc: '2.0', method: 'hint', params: { text: 'x' } };
  raw.send(JSON.stringify(Array(100).fill(hint)));
  raw.send(JSON.stringify({ ...hint, params: { text: 'alone' } }));
  await eventually(() => hints.length > 0);
  expect(hints).toEqual(['alone']);
  expect(errors).toHaveLength(1);
  expect(errors[0]?.error.message).toContain('batch');
  expect(answers).toEqual([]);
});

it('a long id is not echoed', async () => {
  const { ask, answers } = await pair();
  ask('i'.repeat(65));
  ask({ an: 'object' });
  ask('i'.repeat(64));
  await eventually(() => answers.length > 0);
  expect(answers.map(({ id }) => id)).toEqual(['i'.repeat(64)]);
});

it('nonsense is one line a second, with a count', async () => {
  let nowMs = 0;
  const { raw, errors, hints } = await pair({ now: () => nowMs });
  const marker = async (text: string) => {
    raw.send(JSON.stringify({ jsonrpc: '2.0', method: 'hint', params: { text } }));
    await eventually(() => hints.includes(text));
  };
  for (let i = 0; i < 100; i += 1) raw.send('x');
  await marker('first');
  expect(errors).toHaveLength(1);
  nowMs = 1000;
  raw.send('x');
  await marker('second');
  expect(errors.map(({ context }) => context)).toEqual([{}, { unwritten: 99 }]);
});

it('above the rate, requests are answered with TOO_MANY and notifications dropped; who goes on is cut off', async () => {
  const refused: string[] = [];
  const limits = {
    ...CLIENT_BUDGET,
    messages: { perSecond: 1, burst: 2 },
    strikes: { perSecond: 1, burst: 2 },
  };
  const {
    raw,
    ask,
    answers,
    hints,
    closeCode: code,
  } = await pair({
    budget: limits,
    onRefused: (what) => refused.push(what),
    now: () => 0,
  });
  ask(1);
  ask(2);
  ask(3);
  raw.send(JSON.stringify({ jsonrpc: '2.0', method: 'hint', params: { text: 'x' } }));
  await eventually(() => refused.length === 2 && answers.length === 3);
  expect(answers.find(({ id }) => id === 3)?.error?.data).toEqual({ code: 'TOO_MANY', retryAfterMs: 1000 });
  expect(hints).toEqual([]);
  expect(code()).toBeUndefined();
  ask(4);
  ask(5);
  await eventually(() => code() !== undefined);
  expect(code()).toBe(closeCode.tooMany);
  expect(refused).toEqual(['message', 'message', 'connection']);
});

it('requests that wait for an answer are counted, and freed when the answer is there', async () => {
  const { ask, answers } = await pair({ budget: { ...CLIENT_BUDGET, requestsUnderWay: 2 }, now: () => 0 });
  ask(1, 'stay', {});
  ask(2);
  await eventually(() => answers.length === 1);
  ask(3, 'stay', {});
  ask(4);
  await eventually(() => answers.length === 2);
  expect(answers[1]).toMatchObject({ id: 4, error: { data: { code: 'TOO_MANY' } } });
});

it('a way that is slow is not taken for dead: the late answer counts once, when asked again soon', async () => {
  let nowMs = 0;
  const { rpc, raw, ws } = await pair({ now: () => nowMs });
  const answersLate = async () => {
    raw.pause();
    expect(await rpc.alive(20)).toBe(false);
    const late = once(ws, 'pong');
    nowMs += 600;
    raw.resume();
    await late;
    raw.pause();
  };
  await answersLate();
  nowMs += 300;
  expect(await rpc.alive(20)).toBe(true);
  expect(await rpc.alive(20)).toBe(false);
  raw.resume();
  expect(await rpc.alive(5000)).toBe(true);
  await answersLate();
  nowMs += 2000;
  expect(await rpc.alive(20)).toBe(false);
});
