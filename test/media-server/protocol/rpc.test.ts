import { HoldfastError, notification, RpcPeer, request } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

const contract = {
  double: request('Twice the number.', z.object({ value: z.number() }), z.object({ value: z.number() })),
  note: notification('Remember this.', z.object({ text: z.string() })),
};

/** Two peers whose messages pass through `wire` (synchronously unless it says otherwise). */
function pair(wire: (text: string, deliver: () => void) => void = (_text, deliver) => deliver()) {
  const notes: string[] = [];
  const errors: HoldfastError[] = [];
  const make = (other: () => RpcPeer<typeof contract, typeof contract>) =>
    new RpcPeer({
      local: contract,
      remote: contract,
      timeoutMs: 1000,
      handlers: {
        double: ({ value }) => {
          if (value < 0)
            throw new HoldfastError('NO_CAPACITY', 'no room for less than nothing', { retryAfterMs: 70 });
          return { value: value * 2 };
        },
        note: ({ text }) => {
          if (text === 'bad') throw new HoldfastError('CONFLICT', 'not that one');
          notes.push(text);
        },
      },
      send: (text) => wire(text, () => other().receive(text)),
      onError: (error) => errors.push(error),
    });
  const a: RpcPeer<typeof contract, typeof contract> = make(() => b);
  const b: RpcPeer<typeof contract, typeof contract> = make(() => a);
  return { a, b, notes, errors };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('an RPC peer', () => {
  it('answers requests in both directions', async () => {
    const { a, b } = pair();
    await expect(a.request('double', { value: 4 })).resolves.toEqual({ value: 8 });
    await expect(b.request('double', { value: 5 })).resolves.toEqual({ value: 10 });
  });

  it('carries an error with its code and time to retry', async () => {
    const { a } = pair();
    const error = await a.request('double', { value: -1 }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'NO_CAPACITY',
      message: 'no room for less than nothing',
      retryAfterMs: 70,
    });
  });

  it('refuses parameters that do not fit, and says which', async () => {
    const { a } = pair();
    // NaN travels as null.
    await expect(a.request('double', { value: Number.NaN })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('value'),
    });
  });

  it('says which method the other side does not know', async () => {
    const newer = { ...contract, triple: request('Of a later version.', z.object({}), z.object({})) };
    const ahead: RpcPeer<typeof contract, typeof newer> = new RpcPeer({
      local: contract,
      remote: newer,
      handlers: { double: (params) => params, note: () => {} },
      send: (text) => older.receive(text),
    });
    const older = new RpcPeer({
      local: contract,
      remote: contract,
      handlers: { double: (params) => params, note: () => {} },
      send: (text) => ahead.receive(text),
    });
    await expect(ahead.request('triple', {})).rejects.toMatchObject({
      code: 'METHOD_UNKNOWN',
      message: expect.stringContaining('triple'),
    });
  });

  it('fails with TIMEOUT when no answer comes', async () => {
    vi.useFakeTimers();
    const { a } = pair(() => {});
    const failed = expect(a.request('double', { value: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await vi.advanceTimersByTimeAsync(1001);
    await failed;
  });

  it('fails everything that waits at once when the connection closes', async () => {
    const { a } = pair(() => {});
    const waiting = expect(a.request('double', { value: 1 })).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
      message: 'the node was killed',
    });
    a.close('the node was killed');
    await waiting;
    await expect(a.request('double', { value: 1 })).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(a.notify('note', { text: 'late' })).toBe(false);
  });

  it('reports what a notification’s handler threw: nobody else would learn of it', async () => {
    const { a, notes, errors } = pair();
    a.notify('note', { text: 'good' });
    a.notify('note', { text: 'bad' });
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    expect(notes).toEqual(['good']);
    expect(errors[0]).toMatchObject({ code: 'CONFLICT' });
  });

  it('survives text that is not JSON', () => {
    const { a, errors } = pair();
    a.receive('{');
    expect(errors[0]).toMatchObject({ code: 'BAD_REQUEST' });
  });
});
