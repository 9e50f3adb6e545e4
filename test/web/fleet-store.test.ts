import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeView } from '../../media-server/protocol/rest.ts';
import { Api } from '../../media-server/web/lib/api.ts';
import { FleetStore } from '../../media-server/web/lib/fleet-store.ts';
import { meeting, node } from './fakes.ts';

const { signal } = new AbortController();
let nodes: NodeView[];
let failure: Response | undefined;
let store: FleetStore;

beforeEach(() => {
  nodes = [node('n1')];
  failure = undefined;
  const api = new Api(async (path, init) => {
    if (failure !== undefined) return failure.clone();
    if (path === '/v1/nodes') return Response.json({ nodes });
    if (path === '/v1/meetings') return Response.json({ meetings: [meeting('m')] });
    nodes = [node('n1', { drain: { state: init.method === 'POST' ? 'draining' : 'active' } })];
    return Response.json(nodes[0], { status: init.method === 'POST' ? 202 : 200 });
  });
  store = new FleetStore(api, 'secret', () => 5000);
});

describe('FleetStore', () => {
  it('says nothing about what it finds at first, only about changes', async () => {
    await expect(store.look(signal)).resolves.toBe(1000);
    expect(store.view).toMatchObject({ knownAtMs: 5000, events: [], problem: undefined });
    nodes = [node('n1'), node('n2')];
    await store.look(signal);
    expect(store.view.events.map(({ text }) => text)).toEqual(['n2 has joined the fleet']);
  });

  it('shows the answer to a drain at once, without waiting for the next look', async () => {
    await store.look(signal);
    await store.drain('n1', 'operator', signal);
    expect(store.view.fleet?.nodes[0]?.drain.state).toBe('draining');
    await store.cancelDrain('n1', signal);
    expect(store.view.fleet?.nodes[0]?.drain.state).toBe('active');
  });

  it('keeps what it knew when the control plane does not answer', async () => {
    await store.look(signal);
    failure = new Response('', { status: 502 });
    await store.look(signal);
    expect(store.view.problem).toContain('502');
    expect(store.view.fleet?.nodes).toHaveLength(1);
    failure = undefined;
    await store.look(signal);
    expect(store.view.problem).toBeUndefined();
  });

  it('knows a token that is refused from a server that fails', async () => {
    failure = Response.json(
      { error: { code: 'UNAUTHENTICATED', message: 'no', action: '' } },
      { status: 401 },
    );
    await store.look(signal);
    expect(store.view.tokenRefused).toBe(true);
  });
});
