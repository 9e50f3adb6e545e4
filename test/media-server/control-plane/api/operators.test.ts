import {
  decisionList,
  errorBody,
  meetingList,
  nodeList,
  nodeView,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, Platform, secrets } from '../platform.ts';

describe('operators', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => platform.close());

  it('see every node with its load and what it holds', async () => {
    const node = await platform.node('n1');
    await platform.participant('ada');
    await node.heartbeat();
    const { nodes } = nodeList.parse(await (await platform.operator('GET', '/v1/nodes')).json());
    expect(nodes).toMatchObject([
      {
        nodeId: 'n1',
        reachable: true,
        drain: { state: 'active' },
        load: { stress: 0.1 },
        meetings: [{ meetingId: 'm1', epoch: 1, role: 'home', participants: 1 }],
      },
    ]);
  });

  it('see every meeting: those that run with their node and people, those that are only made without', async () => {
    const node = await platform.node('n1');
    await platform.participant('ada');
    await platform.token('bob', 'm2');
    await node.heartbeat();
    const { meetings } = meetingList.parse(await (await platform.operator('GET', '/v1/meetings')).json());
    expect(meetings).toMatchObject([
      { meetingId: 'm1', nodeId: 'n1', epoch: 1, movingTo: null, participants: 1 },
      { meetingId: 'm2', nodeId: null, epoch: null, movingTo: null, participants: 0 },
    ]);
  });

  it('see what the autoscaler decided, and nobody else does; with none there is nothing to be seen', async () => {
    const answer = await platform.operator('GET', '/v1/decisions');
    expect(decisionList.parse(await answer.json())).toMatchObject({
      leader: null,
      decisions: [],
      samples: [],
      machines: [],
    });
    expect((await platform.api('GET', '/v1/decisions', secrets.HOLDFAST_API_KEY)).status).toBe(401);
    // Whoever gives scaling orders is no operator either.
    expect((await platform.api('GET', '/v1/decisions', secrets.HOLDFAST_SCALING_TOKEN)).status).toBe(401);
    expect((await platform.operator('GET', '/v1/decisions?limit=many')).status).toBe(400);
  });

  it('see by which path the media of a meeting goes, as its people say', async () => {
    await platform.node('n1');
    const [ada, ben] = [await platform.participant('ada'), await platform.participant('ben')];
    const [adaLeg, benLeg] = [[...ada.legs.keys()][0], [...ben.legs.keys()][0]];
    ada.rpc.notify('leg.path', { legId: adaLeg ?? '', path: 'udp', poor: false });
    ben.rpc.notify('leg.path', { legId: benLeg ?? '', path: 'turn-udp', poor: false });
    ben.rpc.notify('leg.path', { legId: benLeg ?? '', path: 'turn-tls', poor: true });
    // Of a leg that is another's, nobody is told anything.
    ada.rpc.notify('leg.path', { legId: benLeg ?? '', path: 'tcp', poor: false });
    const seen = async () => {
      const { meetings } = meetingList.parse(await (await platform.operator('GET', '/v1/meetings')).json());
      return JSON.stringify(meetings.map(({ paths, poorPaths }) => ({ paths, poorPaths })));
    };
    const expected = JSON.stringify([{ paths: { udp: 1, 'turn-tls': 1 }, poorPaths: 1 }]);
    await eventually(async () => (await seen()) === expected);
    expect(await platform.metric('holdfast_participants_by_path{path="turn-tls"}')).toBe(1);
    expect(await platform.metric('holdfast_participants_by_path{path="tcp"}')).toBe(0);
    expect(await platform.metric('holdfast_participants_with_poor_path')).toBe(1);
  });

  it('see where a meeting is being moved', async () => {
    const node = await platform.node('n1', { stress: 0.5 });
    await platform.node('n2');
    await platform.participant('ada');
    await node.reserve('m1');
    const { meetings } = meetingList.parse(await (await platform.operator('GET', '/v1/meetings')).json());
    expect(meetings).toMatchObject([{ nodeId: 'n1', epoch: 1, movingTo: 'n2' }]);
  });

  it('drain a node and cancel the drain, as often as they like', async () => {
    const node = await platform.node('n1');
    const order = { reason: 'new kernel', withinMs: 3_600_000 };
    const expected = { state: 'draining', by: ['operator'], reason: 'new kernel', remainingMs: 3_600_000 };
    for (let i = 0; i < 2; i += 1) {
      const response = await platform.operator('POST', '/v1/nodes/n1/drain', order);
      expect(response.status).toBe(202);
      expect(nodeView.parse(await response.json()).drain).toEqual(expected);
    }
    expect(node.drain).toEqual(expected);
    for (let i = 0; i < 2; i += 1) {
      const response = await platform.operator('DELETE', '/v1/nodes/n1/drain');
      expect(response.status).toBe(200);
      expect(nodeView.parse(await response.json()).drain).toEqual({ state: 'active' });
    }
  });

  it('need not say why they drain', async () => {
    const node = await platform.node('n1');
    expect((await platform.operator('POST', '/v1/nodes/n1/drain')).status).toBe(202);
    expect(node.drain.reason).toBe('operator');
  });

  it('are told what is wrong with a drain order', async () => {
    const node = await platform.node('n1');
    const error = async (response: Response) => errorBody.parse(await response.json()).error.code;
    expect(await error(await platform.operator('POST', '/v1/nodes/n9/drain'))).toBe('NODE_UNKNOWN');
    expect(await error(await platform.operator('POST', '/v1/nodes/-/drain'))).toBe('BAD_REQUEST');
    expect(await error(await platform.operator('POST', '/v1/nodes/n1/drain', { reason: '' }))).toBe(
      'BAD_REQUEST',
    );
    node.leaveRegistry();
    await eventually(async () => (await platform.operator('POST', '/v1/nodes/n1/drain')).status === 503);
  });

  it.each([
    [{ withinMs: 0 }, /must be at least 5000.*\n.*withinMs/],
    [{ withinMs: -60_000 }, /must be at least 5000.*\n.*withinMs/],
    [{ withinMs: 4999 }, /everybody would be cut off/],
    [{ withinMs: 48 * 3_600_000 + 1 }, /must be at most 172800000.*\n.*withinMs/],
    [{ withinMs: 1_760_000_000_000 }, /must be at most.*\n.*withinMs/],
    [{ deadlineMs: 1_760_000_000 }, /deadlineMs/],
  ])('are refused a drain in no sensible time: %j', async (order, message) => {
    const node = await platform.node('n1');
    const response = await platform.operator('POST', '/v1/nodes/n1/drain', order);
    expect(response.status).toBe(400);
    expect(errorBody.parse(await response.json()).error).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringMatching(message),
    });
    expect(node.drain).toEqual({ state: 'active' });
  });

  it.each([5000, 48 * 3_600_000])('may give a node %d ms', async (withinMs) => {
    const node = await platform.node('n1');
    expect((await platform.operator('POST', '/v1/nodes/n1/drain', { withinMs })).status).toBe(202);
    expect(node.drain.remainingMs).toBe(withinMs);
  });

  it('must have the operator token; the API key is not enough', async () => {
    for (const token of [undefined, 'wrong', secrets.HOLDFAST_API_KEY]) {
      for (const [method, path] of [
        ['GET', '/v1/nodes'],
        ['GET', '/v1/meetings'],
        ['POST', '/v1/nodes/n1/drain'],
        ['DELETE', '/v1/nodes/n1/drain'],
      ] as const) {
        const response = await platform.api(method, path, token);
        expect(response.status).toBe(401);
        expect(errorBody.parse(await response.json()).error.code).toBe('UNAUTHENTICATED');
      }
    }
  });
});
