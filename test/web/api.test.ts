import { describe, expect, it } from 'vitest';
import { Api } from '../../media-server/web/lib/api.ts';

const signal = new AbortController().signal;
const token = { token: 't', meetingId: 'm', participantId: 'p', expiresAtMs: 1 };

function answering(status: number, body: unknown) {
  const requests: { path: string; init: RequestInit }[] = [];
  const api = new Api(async (path, init) => {
    requests.push({ path, init });
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  });
  return { api, requests };
}

describe('Api', () => {
  it('asks for a token with meeting and name, and without credentials', async () => {
    const { api, requests } = answering(201, token);
    await expect(api.join('m', 'Ada', signal)).resolves.toEqual(token);
    const [request] = requests;
    expect(request?.path).toBe('/v1/join');
    expect(request?.init.body).toBe('{"meetingId":"m","displayName":"Ada"}');
    expect(new Headers(request?.init.headers).has('authorization')).toBe(false);
  });

  it.each([
    { what: 'the server allows it', status: 200, body: { autoJoin: true }, may: true },
    { what: 'the server forbids it', status: 200, body: { autoJoin: false }, may: false },
    { what: 'the server does not know the question', status: 404, body: 'not here', may: false },
    { what: 'the answer is another one', status: 200, body: { autoJoin: 'yes' }, may: false },
  ])('lets a link enter by itself only when it is told so: $what', async ({ status, body, may }) => {
    const { api, requests } = answering(status, body);
    expect(await api.mayJoinAtOnce(signal)).toBe(may);
    expect(requests[0]?.path).toBe('/v1/page');
  });

  it('sends the operator token in a header, never in the address', async () => {
    const { api, requests } = answering(200, { nodes: [] });
    await api.nodes('secret', signal);
    expect(requests[0]?.path).toBe('/v1/nodes');
    expect(new Headers(requests[0]?.init.headers).get('authorization')).toBe('Bearer secret');
  });

  it('turns an error of the server into an error of the table, with its retry time', async () => {
    const error = { code: 'NO_CAPACITY', message: 'full', action: 'wait', retryAfterMs: 5000 };
    const { api } = answering(503, { error });
    await expect(api.join('m', 'Ada', signal)).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      message: 'full',
      retryAfterMs: 5000,
    });
  });

  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [502, 'TIMEOUT'],
    [503, 'NOT_READY'],
    [500, 'INTERNAL'],
  ])('understands a bare status %i, as load balancers send it, as %s', async (status, code) => {
    const { api } = answering(status, '<html>no</html>');
    await expect(api.join('m', 'Ada', signal)).rejects.toMatchObject({ code });
  });

  it('does not trust an answer of another shape', async () => {
    const { api } = answering(200, { nodes: [{ nodeId: 7 }] });
    await expect(api.nodes('secret', signal)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('calls a server that cannot be reached just that', async () => {
    const api = new Api(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(api.nodes('secret', signal)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  it('tells a time-out from being called off', async () => {
    const hanging = new Api((_, init) => {
      init.signal?.throwIfAborted();
      return new Promise(() => {});
    });
    const timedOut = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    await expect(hanging.nodes('secret', timedOut)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(hanging.nodes('secret', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
