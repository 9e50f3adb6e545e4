import { GatewayLeg } from '@holdfast/media-server/control-plane/gateway/leg.ts';
import type { ConsumerNew } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { someRtpParameters } from '../../media-descriptions.ts';

function aLeg() {
  const leg = new GatewayLeg({
    legId: 'n1:1',
    nodeId: 'n1',
    epoch: 1,

    movingFrom: undefined,
  });
  const seen: string[] = [];
  const say = (word: string, announces?: string) =>
    leg.take({ deliver: () => seen.push(word), ...(announces === undefined ? {} : { announces }) });
  return { leg, seen, say };
}

describe('a leg at the gateway', () => {
  it('holds events back until its client knows it, and then keeps their order', () => {
    const { leg, seen, say } = aLeg();
    say('first');
    say('second');
    expect(seen).toEqual([]);
    leg.release();
    say('third');
    expect(seen).toEqual(['first', 'second', 'third']);
  });

  it('does not announce again what a snapshot told', () => {
    const { leg, seen, say } = aLeg();
    leg.release();
    leg.hold();
    say('known', 'c1');
    say('new', 'c2');
    const consumer: ConsumerNew = {
      legId: 'n1:1',
      consumerId: 'c1',
      producerId: 'p1',
      participantId: 'ada',
      source: 'camera',
      kind: 'video',
      rtpParameters: someRtpParameters('video'),
      producerPaused: false,
    };
    leg.release({
      legId: 'n1:1',
      nodeId: 'n1',
      epoch: 1,
      participants: [],
      producers: [],
      consumers: [consumer],
    });
    expect(seen).toEqual(['new']);
  });

  it('that is closed says nothing more', () => {
    const { leg, seen, say } = aLeg();
    say('held');
    leg.close();
    leg.release();
    say('late');
    expect(seen).toEqual([]);
  });
});
