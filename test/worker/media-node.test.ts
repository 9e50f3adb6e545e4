import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaNodeConfig } from '@holdfast/media-server/config/index.ts';
import { machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { Leg } from '@holdfast/media-server/media-node/leg.ts';
import { largestMeeting } from '@holdfast/media-server/media-node/limits.ts';
import { MediaNode } from '@holdfast/media-server/media-node/media-node.ts';
import { refusingNodeHandlers } from '@holdfast/media-server/media-node/refusing-handlers.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { dialRpc } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  drainStatus,
  nodeClientContract,
  nodeContract,
  rtpParameters,
} from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { workerPids } from '../../cli/observe/process-tree.ts';
import { someRtpParameters } from '../media-server/media-descriptions.ts';
import { FakeRegistry } from './fake-registry.ts';
import { clusterToken, TestGateway } from './test-gateway.ts';

const log = createLogger('test');
log.level = 'silent';

let registry: FakeRegistry;
let gateway: TestGateway;
let directory: string;
const nodes = new Map<string, MediaNode>();

async function startNode(nodeId: string, workers = 1): Promise<void> {
  const config = mediaNodeConfig.parse({
    role: 'media-node',
    drainSocket: join(directory, `${nodeId}.sock`),
    controlPlane: { urls: [registry.url] },
    media: { workers },
    handover: { meetingDeadlineMs: 2000, publishSpacingMs: 0 },
  });
  const machine = machineFacts.parse({ nodeId, privateAddress: '127.0.0.1' });
  const secrets = { HOLDFAST_CLUSTER_TOKEN: clusterToken };
  nodes.set(nodeId, await MediaNode.start({ config, machine, secrets, version: 'test', log }));
  await vi.waitFor(() => registry.node(nodeId));
}

beforeEach(async () => {
  // Nobody here has a browser. A move waits only for those whose media flow, so theirs are taken to.
  vi.spyOn(Leg.prototype, 'mediaFlows', 'get').mockReturnValue(true);
  directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  registry = await FakeRegistry.start();
  gateway = new TestGateway((nodeId) => registry.node(nodeId).rpcUrl);
});

afterEach(async () => {
  vi.restoreAllMocks();
  gateway.close();
  await Promise.all([...nodes.values()].map((node) => node.close('test over')));
  nodes.clear();
  await registry.close();
  await rm(directory, { recursive: true });
});

const meetingsOf = (nodeId: string) => registry.node(nodeId).meetings;
const drainOf = (nodeId: string) => registry.node(nodeId).drain.state;

/** What the drain agent does: HTTP on the node's Unix socket. */
function agent(nodeId: string, method: string, path: string, body?: unknown) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const sent = httpRequest(
      {
        socketPath: join(directory, `${nodeId}.sock`),
        method,
        path,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe('a media node', () => {
  it('offers each participant what the others publish, and tells of muting, ending and leaving', async () => {
    await startNode('a');
    const ada = await gateway.join('a', 'm', 1, 'ada', ['microphone', 'camera']);
    const ben = await gateway.join('a', 'm', 1, 'ben', ['microphone']);
    await vi.waitFor(() => expect(gateway.heard('a', 'consumer.new')).toHaveLength(3));
    const offers = gateway
      .heard('a', 'consumer.new')
      .map(({ params }) => [params.legId, params.participantId, params.source]);
    expect(offers).toEqual(
      expect.arrayContaining([
        [ben.legId, 'ada', 'microphone'],
        [ben.legId, 'ada', 'camera'],
        [ada.legId, 'ben', 'microphone'],
      ]),
    );
    const link = await gateway.link('a');
    const producerId = ben.producers.get('microphone') ?? '';
    await link.request('producer.pause', { legId: ben.legId, producerId });
    await vi.waitFor(() =>
      expect(gateway.heard('a', 'consumer.paused')).toMatchObject([{ params: { legId: ada.legId } }]),
    );
    await link.request('producer.resume', { legId: ben.legId, producerId });
    await vi.waitFor(() => expect(gateway.heard('a', 'consumer.resumed')).toHaveLength(1));
    await link.request('producer.close', { legId: ben.legId, producerId });
    await vi.waitFor(() =>
      expect(gateway.heard('a', 'consumer.closed')).toMatchObject([{ params: { legId: ada.legId } }]),
    );
    await link.request('leg.close', { legId: ben.legId });
    await vi.waitFor(() =>
      expect(gateway.heard('a', 'participant.left')).toMatchObject([
        { params: { legId: ada.legId, participantId: 'ben' } },
      ]),
    );
  });

  it('passes on to the others what it knows of a stream, and no text that its sender wrote', async () => {
    await startNode('a');
    await gateway.join('a', 'm', 1, 'ada', ['microphone', 'camera']);
    await gateway.join('a', 'm', 1, 'ben', []);
    await vi.waitFor(() => expect(gateway.heard('a', 'consumer.new')).toHaveLength(2));
    const cnames = gateway
      .heard('a', 'consumer.new')
      .map(({ params }) => rtpParameters.parse(params.rtpParameters).rtcp?.cname);
    expect(cnames[0]).toMatch(/^[0-9a-f]{8}$/);
    // One for all streams of a participant: browsers keep what has the same one in step.
    expect(cnames[1]).toBe(cnames[0]);
  });

  it('refuses a stream whose codecs are of another kind than its source, and goes on', async () => {
    await startNode('a');
    const ada = await gateway.join('a', 'm', 1, 'ada', []);
    const link = await gateway.link('a');
    const create = (kind: 'audio' | 'video', maxBitrate: number) =>
      link.request('producer.create', {
        legId: ada.legId,
        transportId: ada.opened.sendTransport.id,
        source: 'camera',
        kind: 'video',
        paused: false,
        rtpParameters: { ...someRtpParameters(kind), encodings: [{ ssrc: 77, maxBitrate }] },
      });
    await expect(create('audio', 1000)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(create('video', 1.5)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(create('video', 1000)).resolves.toMatchObject({ producerId: expect.any(String) });
  });

  it('makes a meeting once, however many come at the same moment', async () => {
    await startNode('a');
    const people = ['ada', 'ben', 'cleo', 'dan'];
    await Promise.all(people.map((person) => gateway.join('a', 'm', 1, person, ['microphone'])));
    await vi.waitFor(() => expect(gateway.heard('a', 'consumer.new')).toHaveLength(12));
    await vi.waitFor(() => expect(meetingsOf('a')).toMatchObject([{ meetingId: 'm', participants: 4 }]));
  });

  it('refuses a leg of an older epoch than it has, so that an old view cannot split a meeting', async () => {
    await startNode('a');
    await gateway.join('a', 'm', 3, 'ada', []);
    await expect(gateway.join('a', 'm', 2, 'ben', [])).rejects.toMatchObject({ code: 'EPOCH_STALE' });
  });

  it('answers nobody without the cluster token', async () => {
    await startNode('a');
    const dialled = dialRpc(registry.node('a').rpcUrl, 'a-wrong-token', {
      local: nodeClientContract,
      remote: nodeContract,
      handlers: refusingNodeHandlers,
      pingMs: 0,
    });
    await expect(dialled).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('keeps legs while their gateway is gone; another connection takes them up with all there is', async () => {
    await startNode('a');
    const ada = await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    await gateway.join('a', 'm', 1, 'ben', ['microphone']);
    await vi.waitFor(() => expect(gateway.heard('a', 'consumer.new')).toHaveLength(2));
    gateway.cut('a');
    const link = await gateway.link('a');
    await expect(
      link.request('leg.attach', { legId: ada.legId, meetingId: 'm', participantId: 'ben' }),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const snapshot = await link.request('leg.attach', {
      legId: ada.legId,
      meetingId: 'm',
      participantId: 'ada',
    });
    expect(snapshot).toMatchObject({
      epoch: 1,
      participants: [{ participantId: 'ben' }],
      producers: [{ source: 'microphone', paused: false }],
      consumers: [{ participantId: 'ben', source: 'microphone' }],
    });
  });

  it('takes a second connect of a transport for the first: the answer may have been lost', async () => {
    await startNode('a');
    const { legId, opened } = await gateway.join('a', 'm', 1, 'ada', []);
    const link = await gateway.link('a');
    const connect = () =>
      link.request('transport.connect', {
        legId,
        transportId: opened.sendTransport.id,
        dtlsParameters: {
          role: 'client',
          fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
        },
      });
    await expect(connect()).resolves.toEqual({});
    await expect(connect()).resolves.toEqual({});
  });

  it('makes one producer for a source, however quickly it is asked for more', async () => {
    await startNode('a');
    const ada = await gateway.join('a', 'm', 1, 'ada', []);
    const link = await gateway.link('a');
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map((ssrc) =>
        link.request('producer.create', {
          legId: ada.legId,
          transportId: ada.opened.sendTransport.id,
          source: 'camera',
          kind: 'video',
          paused: false,
          rtpParameters: someRtpParameters('video', ssrc),
        }),
      ),
    );
    const snapshot = await link.request('leg.attach', {
      legId: ada.legId,
      meetingId: 'm',
      participantId: 'ada',
    });
    expect(snapshot.producers.map(({ producerId }) => producerId)).toEqual([made.at(-1)?.producerId]);
  });

  it('refuses the rest of a flood of requests for one leg, and serves the other legs', async () => {
    await startNode('a');
    const ada = await gateway.join('a', 'm', 1, 'ada', []);
    const ben = await gateway.join('a', 'm', 1, 'ben', []);
    const link = await gateway.link('a');
    const restart = ({ legId, opened }: typeof ada) =>
      link.request('transport.restartIce', { legId, transportId: opened.sendTransport.id });
    const flood = Promise.allSettled(Array.from({ length: 500 }, () => restart(ada)));
    await expect(restart(ben)).resolves.toMatchObject({ iceParameters: {} });
    const results = await flood;
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(500);
    for (const result of refused) expect(result).toMatchObject({ reason: { code: 'TOO_MANY' } });
    await expect(restart(ada)).resolves.toMatchObject({ iceParameters: {} });
  });

  it('lets so many into one meeting and not one more, except who is in it already', async () => {
    await startNode('a');
    const people = Array.from({ length: largestMeeting.participants }, (_, index) => `p${index}`);
    await Promise.all(people.map((person) => gateway.join('a', 'm', 1, person, ['microphone', 'camera'])));
    const late = (reason: 'join' | 'recovery') =>
      gateway.join('a', 'm', 1, `late-${reason}`, [], { incoming: false, reason });
    await expect(late('join')).rejects.toMatchObject({ code: 'MEETING_FULL' });
    await expect(late('recovery')).resolves.toMatchObject({ legId: 'a:m:late-recovery' });
    const link = await gateway.link('a');
    const [first] = people;
    const mine = { legId: `a:m:${first}`, meetingId: 'm', participantId: String(first) };
    await vi.waitFor(
      async () => {
        const { consumers, participants } = await link.request('leg.attach', mine);
        expect(participants).toHaveLength(people.length);
        expect(consumers).toHaveLength(2 * (people.length - 1));
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  it('is told once who is calling', async () => {
    await startNode('a');
    const link = await gateway.link('a');
    await expect(link.request('link.hello', { peerId: 'another', role: 'node' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('whose worker dies loses only that worker’s meetings, says so, and goes on', async () => {
    await startNode('a', 2);
    await gateway.join('a', 'one', 1, 'ada', ['microphone']);
    await gateway.join('a', 'two', 1, 'ben', ['microphone']);
    const [first] = workerPids(process.pid);
    if (first === undefined) throw new Error('no worker process found');
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(gateway.heard('a', 'meeting.lost')).toHaveLength(1), 5000);
    await vi.waitFor(() => expect(registry.node('a').load.workers).toHaveLength(2), 5000);
    expect(meetingsOf('a')).toHaveLength(1);
    const lost = gateway.heard('a', 'meeting.lost')[0]?.params.meetingId;
    await gateway.join('a', String(lost), 2, 'ada', ['microphone']);
    await vi.waitFor(() => expect(meetingsOf('a')).toHaveLength(2));
  });
});

describe('a drain', () => {
  it('moves every meeting to another node, and closes the old one only after the commit', async () => {
    await startNode('a');
    await startNode('b');
    for (const meeting of ['m1', 'm2']) {
      for (const person of ['ada', 'ben']) await gateway.join('a', meeting, 1, person, ['microphone']);
    }
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(drainOf('a')).toBe('drained'), 5000);
    await vi.waitFor(() =>
      expect(meetingsOf('b')).toMatchObject([
        { epoch: 2, role: 'home', participants: 2 },
        { epoch: 2, role: 'home', participants: 2 },
      ]),
    );
    expect(registry.homes.get('m1')).toEqual({ nodeId: 'b', epoch: 2 });
    expect(gateway.heard('a', 'handover.commit')).toHaveLength(2);
    expect(gateway.heard('a', 'consumer.closed')).toEqual([]);
    await expect(gateway.join('a', 'm3', 1, 'cleo', [])).rejects.toMatchObject({ code: 'NODE_DRAINING' });
  });

  it('commits after the meeting’s time is over, although somebody has not switched', async () => {
    await startNode('a');
    await startNode('b');
    for (const person of ['ada', 'ben']) await gateway.join('a', 'm', 1, person, ['microphone']);
    gateway.onHandoverOpen = async () => {};
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'b', epoch: 2 }), 5000);
    await vi.waitFor(() => expect(drainOf('a')).toBe('drained'));
  });

  it('does not take broken connections to its gateways for consent: both legs stand until they are back', async () => {
    await startNode('a');
    await startNode('b');
    const legs: string[] = [];
    for (const person of ['ada', 'ben']) {
      legs.push((await gateway.join('a', 'm', 1, person, ['microphone'])).legId);
    }
    const switchAll = gateway.onHandoverOpen;
    const asked = new Promise<Parameters<typeof switchAll>>((resolve) => {
      gateway.onHandoverOpen = async (...request) => resolve(request);
    });
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    const [from, request] = await asked;
    gateway.cut('a');
    // Longer than the meeting's own time for its move.
    const gone = vi.waitFor(() => expect(registry.homes.get('m')).toBeDefined(), 3000);
    await expect(gone).rejects.toThrow();
    const link = await gateway.link('a');
    for (const legId of legs) {
      await link.request('leg.attach', { legId, meetingId: 'm', participantId: legId.split(':')[2] ?? '' });
    }
    await switchAll(from, request);
    await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'b', epoch: 2 }), 5000);
  });

  it('goes on when the last one on the old node leaves while a newcomer is already on the new one', async () => {
    await startNode('a');
    await startNode('b');
    await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    gateway.onHandoverOpen = async (from) => {
      await gateway.join('b', 'm', 2, 'newcomer', ['microphone']);
      const link = await gateway.link(from);
      await link.request('leg.close', { legId: 'a:m:ada' });
    };
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'b', epoch: 2 }), 5000);
    await vi.waitFor(() => expect(meetingsOf('b')).toMatchObject([{ role: 'home', participants: 1 }]));
    expect(registry.aborted).toEqual([]);
  });

  it('whose target dies leaves the old legs alone and takes another target', async () => {
    await startNode('a');
    await startNode('b');
    for (const person of ['ada', 'ben']) await gateway.join('a', 'm', 1, person, ['microphone']);
    const switchAll = gateway.onHandoverOpen;
    gateway.onHandoverOpen = async () => {
      gateway.onHandoverOpen = switchAll;
      await startNode('c');
      await nodes.get('b')?.close('killed');
      nodes.delete('b');
    };
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'c', epoch: 3 }), 8000);
    expect(registry.aborted).toEqual(['m to b']);
    expect(gateway.heard('a', 'handover.abort')).toHaveLength(1);
    expect(gateway.heard('a', 'consumer.closed')).toEqual([]);
  });

  it('whose target loses the worker under the incoming meeting takes another target at once', async () => {
    await startNode('a');
    const ofA = workerPids(process.pid);
    await startNode('b');
    const ofB = workerPids(process.pid).filter((pid) => !ofA.includes(pid));
    for (const person of ['ada', 'ben']) await gateway.join('a', 'm', 1, person, ['microphone']);
    const switchAll = gateway.onHandoverOpen;
    gateway.onHandoverOpen = async () => {
      gateway.onHandoverOpen = switchAll;
      await startNode('c');
      for (const pid of ofB) process.kill(pid, 'SIGKILL');
    };
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'c', epoch: 3 }), 8000);
    expect(registry.aborted).toEqual(['m to b']);
    expect(gateway.heard('a', 'consumer.closed')).toEqual([]);
  });

  it('whose commit is done and whose answer is lost finishes the move and undoes nothing', async () => {
    await startNode('a');
    await startNode('b');
    for (const person of ['ada', 'ben']) await gateway.join('a', 'm', 1, person, ['microphone']);
    registry.loseAnswerOf = 'move.commit';
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await vi.waitFor(() => expect(drainOf('a')).toBe('drained'), 8000);
    await vi.waitFor(() =>
      expect(meetingsOf('b')).toMatchObject([{ epoch: 2, role: 'home', participants: 2 }]),
    );
    expect(registry.asked).toEqual(['move.reserve', 'move.commit', 'move.status']);
    expect(gateway.heard('a', 'handover.commit')).toHaveLength(1);
    expect(gateway.heard('a', 'handover.abort')).toEqual([]);
  });

  it('does not wait for a worker that hangs', async () => {
    await startNode('a');
    const [worker] = workerPids(process.pid);
    if (worker === undefined) throw new Error('no worker process found');
    await startNode('b');
    for (const person of ['ada', 'ben']) await gateway.join('a', 'm', 1, person, ['microphone']);
    process.kill(worker, 'SIGSTOP');
    try {
      await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
      await vi.waitFor(() => expect(registry.homes.get('m')).toEqual({ nodeId: 'b', epoch: 2 }), 5000);
    } finally {
      process.kill(worker, 'SIGCONT');
    }
    await vi.waitFor(() => expect(drainOf('a')).toBe('drained'), 5000);
  });

  it('without another node keeps the meeting, and can be taken back', async () => {
    await startNode('a');
    await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    await registry.node('a').socket.request('node.drain', { by: 'operator', reason: 'test' });
    await expect(gateway.join('a', 'other', 1, 'ben', [])).rejects.toMatchObject({ code: 'NODE_DRAINING' });
    expect(await registry.node('a').socket.request('node.cancelDrain', { by: 'operator' })).toEqual({
      state: 'active',
    });
    await gateway.join('a', 'other', 1, 'ben', []);
    expect(gateway.heard('a', 'handover.open')).toEqual([]);
    await vi.waitFor(() => expect(meetingsOf('a').map(({ role }) => role)).toEqual(['home', 'home']));
  });

  it('is asked for, watched and released by the agent over the local socket', async () => {
    await startNode('a');
    const put = () => agent('a', 'PUT', '/v1/drain', { noticeId: 'n-1', kind: 'scale-in', withinMs: 60_000 });
    await gateway.join('a', 'm', 1, 'ada', ['microphone']);
    expect(drainStatus.parse((await put()).body)).toMatchObject({
      state: 'draining',
      holds: 1,
      people: 1,
    });
    expect(drainStatus.parse((await put()).body)).toMatchObject({ state: 'draining' });
    expect(await agent('a', 'POST', '/v1/drain/release', {})).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT' } },
    });
    await expect(
      registry.node('a').socket.request('node.cancelDrain', { by: 'operator' }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const link = await gateway.link('a');
    await link.request('leg.close', { legId: 'a:m:ada' });
    await vi.waitFor(async () =>
      expect((await agent('a', 'GET', '/v1/drain')).body).toMatchObject({ state: 'drained', holds: 0 }),
    );
    expect(await agent('a', 'POST', '/v1/drain/release', {})).toMatchObject({
      status: 200,
      body: { state: 'released' },
    });
    expect(await agent('a', 'DELETE', '/v1/drain')).toMatchObject({
      status: 409,
      body: { error: { code: 'DRAIN_RELEASED' } },
    });
    expect(await agent('a', 'PUT', '/v1/drain', { kind: 'scale-in' })).toMatchObject({ status: 400 });
  });
});

it('a node registers again, with all it holds, when the control plane comes back', async () => {
  await startNode('a');
  await gateway.join('a', 'm', 1, 'ada', ['microphone']);
  await vi.waitFor(() => expect(meetingsOf('a')).toHaveLength(1));
  const { socket } = registry.node('a');
  registry.nodes.clear();
  socket.terminate('killed');
  await vi.waitFor(
    () => expect(meetingsOf('a')).toMatchObject([{ meetingId: 'm', epoch: 1, participants: 1 }]),
    5000,
  );
});
