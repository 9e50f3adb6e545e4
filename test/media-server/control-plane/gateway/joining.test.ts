import { closeCode, PROTOCOL_VERSION } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someDtlsParameters } from '../../media-descriptions.ts';
import { eventually, Platform } from '../platform.ts';

describe('joining', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => platform.close());

  it('answers first, and then opens a leg on the meeting’s node', async () => {
    const node = await platform.node('n1');
    const ada = await platform.client();
    const answer = await ada.join(await platform.token('ada'));
    expect(answer).toMatchObject({ meetingId: 'm1', participantId: 'ada', displayName: 'ada' });
    await eventually(() => ada.legs.size === 1);
    expect(ada.told.slice(0, 2)).toEqual(['join answered', 'leg.open join']);
    expect(ada.legsShort).toEqual(['n1@1 join']);
    expect(node.participants('m1')).toEqual(['ada']);
  });

  it('tells a browser nothing of the inside when a node cannot be reached', async () => {
    const node = await platform.node('n1');
    const ada = await platform.participant('ada');
    const [leg] = ada.legs.values();
    await node.kill();
    const params = { legId: String(leg?.legId), transportId: String(leg?.sendTransport.id) };
    const failure = await ada.rpc.request('transport.restartIce', params).catch((error: unknown) => error);
    expect(String(failure)).not.toMatch(/ws:|127\.0\.0\.1|n1/);
  });

  it('sends everybody of a meeting to the same node, and they learn of each other and their streams', async () => {
    await platform.node('n1', { stress: 0.5 });
    await platform.node('n2', { stress: 0.1 });
    const [ada, bob] = await Promise.all([platform.participant('ada'), platform.participant('bob')]);
    await eventually(() => ada.consumers.length === 1 && bob.consumers.length === 1);
    expect(ada.legsShort).toEqual(['n1@1 join']);
    expect(bob.legsShort).toEqual(['n1@1 join']);
    expect(ada.consumers[0]).toMatchObject({ participantId: 'bob', source: 'camera' });
  });

  it('passes requests to the leg’s node, and its refusals back', async () => {
    const node = await platform.node('n1');
    const ada = await platform.participant('ada');
    const legId = [...ada.legs.keys()].join();
    await ada.rpc.request('transport.connect', {
      legId,
      transportId: 't',
      dtlsParameters: someDtlsParameters,
    });
    expect(node.asked).toContain('transport.connect ada');
    ada.rpc.notify('consumer.stalled', { legId, consumerId: 'c' });
    await eventually(() => node.asked.includes('consumer.stalled ada'));
    const foreign = ada.rpc.request('leg.ready', { legId: 'n1:not-mine', rtpCapabilities: { codecs: [] } });
    await expect(foreign).rejects.toHaveProperty('code', 'LEG_UNKNOWN');
  });

  it('lets nobody use the leg of somebody else', async () => {
    await platform.node('n1');
    const ada = await platform.participant('ada');
    const eve = await platform.participant('eve');
    const legId = [...ada.legs.keys()].join();
    await expect(eve.rpc.request('producer.close', { legId, producerId: 'p' })).rejects.toHaveProperty(
      'code',
      'LEG_UNKNOWN',
    );
  });

  it('is refused with a reason and a time when no node has room, but never for a running meeting', async () => {
    const full = await platform.client();
    await expect(full.join(await platform.token('ada'))).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      retryAfterMs: expect.any(Number),
    });
    const node = await platform.node('n1');
    await platform.participant('ada');
    node.drain = { state: 'draining' };
    await node.heartbeat();
    const bob = await platform.participant('bob');
    expect(bob.legsShort).toEqual(['n1@1 join']);
    expect(await platform.metric('holdfast_joins_total')).toBe(2);
    expect(await platform.metric('holdfast_refusals_total{code="NO_CAPACITY"}')).toBe(1);
  });

  it('is refused for a wrong token, another protocol, or anything before join', async () => {
    const client = await platform.client();
    await expect(client.join('nonsense')).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    const token = await platform.token('ada');
    const old = client.rpc.request('join', { protocol: PROTOCOL_VERSION + 1, token });
    await expect(old).rejects.toHaveProperty('code', 'BAD_REQUEST');
    await expect(client.rpc.request('leave', {})).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
  });

  it('refuses messages that are too large', async () => {
    const client = await platform.client();
    client.send('x'.repeat(300 * 1024));
    await eventually(() => client.closeCode === 1009);
  });

  it('goes on over nodes that refuse: one that drains without holding the meeting is replaced', async () => {
    const n1 = await platform.node('n1', { stress: 0.5 });
    await platform.node('n2');
    // The registry does not hear of it.
    n1.quiet = true;
    n1.drain = { state: 'draining' };
    const ada = await platform.participant('ada');
    expect(ada.legsShort).toEqual(['n2@2 join']);
  });

  it('goes on over a node that died without anybody having noticed', async () => {
    const n1 = await platform.node('n1', { stress: 0.5 });
    await platform.node('n2');
    await n1.kill();
    const ada = await platform.participant('ada');
    expect(ada.legsShort).toEqual(['n2@2 join']);
  });

  it('a second time as the same participant replaces the first session, which cannot be resumed', async () => {
    const node = await platform.node('n1');
    const bob = await platform.participant('bob');
    const first = await platform.participant('ada');
    await eventually(() => bob.told.includes('participant.joined ada'));
    const second = await platform.participant('ada');
    await eventually(() => first.closeCode === closeCode.replaced);
    expect(node.participants('m1')).toEqual(['bob', 'ada']);
    expect(second.legsShort).toEqual(['n1@1 join']);
    await first.connect(platform.port);
    await expect(first.resume()).rejects.toHaveProperty('code', 'SESSION_REPLACED');
    // To the others nobody has left.
    expect(bob.told).not.toContain('participant.left ada');
  });

  it('ends with leave: the legs go, the session cannot be resumed, the meeting ends with the last one', async () => {
    const node = await platform.node('n1');
    const ada = await platform.participant('ada');
    const bob = await platform.participant('bob');
    await ada.rpc.request('leave', {});
    await eventually(() => bob.told.includes('participant.left ada') && ada.closeCode === 1000);
    await ada.connect(platform.port);
    await expect(ada.resume()).rejects.toHaveProperty('code', 'SESSION_UNKNOWN');
    await bob.rpc.request('leave', {});
    await eventually(() => node.meetings.size === 0);
    await eventually(async () => (await platform.metric('holdfast_meetings')) === 0);
    const again = await platform.participant('ada');
    expect(again.legsShort).toEqual(['n1@2 join']);
  });
});

it('a connection on which nobody joins is closed soon', async () => {
  const platform = await Platform.start({ limits: { firstMessageMs: 30 } });
  const client = await platform.client();
  await eventually(() => client.closeCode === closeCode.notEntered);
  await platform.close();
});
