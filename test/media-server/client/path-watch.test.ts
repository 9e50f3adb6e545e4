import type { PathView } from '@holdfast/media-server/client/path-quality.ts';
import { PathWatch, type WatchedLeg } from '@holdfast/media-server/client/path-watch.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** A transport whose statistics the test writes. */
class FakeTransport {
  connectionState = 'connected';
  pair = { candidateType: 'host', protocol: 'udp', relayProtocol: undefined as string | undefined };
  roundTripS = 0.04;
  received = 0;
  lost = 0;
  fractionLost = 0;

  async getStats(): Promise<RTCStatsReport> {
    return new Map<string, Record<string, unknown>>([
      ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
      ['p', { type: 'candidate-pair', localCandidateId: 'l', currentRoundTripTime: this.roundTripS }],
      ['l', { type: 'local-candidate', ...this.pair }],
      ['i', { type: 'inbound-rtp', packetsReceived: this.received, packetsLost: this.lost }],
      ['r', { type: 'remote-inbound-rtp', fractionLost: this.fractionLost }],
    ]);
  }
}

const told: [string, PathView][] = [];
const changes: PathView[] = [];
let transport: FakeTransport;
let leg: WatchedLeg;
let cutOff = false;
let watch: PathWatch;
beforeEach(() => {
  vi.useFakeTimers();
  told.length = 0;
  changes.length = 0;
  cutOff = false;
  transport = new FakeTransport();
  leg = { legId: 'l', closed: false, sendTransport: undefined, recvTransport: transport };
  watch = new PathWatch({
    legs: { all: [leg], current: leg, isCutOff: () => cutOff },
    onPath: ({ legId }, view) => told.push([legId, view]),
    onChanged: (view) => changes.push(view),
    now: () => 0,
  });
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

describe('the watch on the path', () => {
  it('tells a leg’s path once, and again when it changes', async () => {
    await watch.look();
    await watch.look();
    transport.pair = { candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' };
    await watch.look();
    expect(told).toEqual([
      [leg.legId, { path: 'udp', quality: 'good' }],
      [leg.legId, { path: 'turn-tls', quality: 'good' }],
    ]);
    expect(changes).toHaveLength(2);
  });

  it('tells it once more to who may have forgotten it', async () => {
    await watch.look();
    watch.tellAgain();
    await watch.look();
    await watch.look();
    expect(told).toHaveLength(2);
  });

  it('counts what was lost since the last look, not ever', async () => {
    transport.received = 1000;
    transport.lost = 900;
    for (let look = 0; look < 5; look += 1) {
      await watch.look();
      transport.received += 1000;
    }
    expect(watch.view.quality).toBe('good');
    for (let look = 0; look < 4; look += 1) {
      await watch.look();
      transport.received += 800;
      transport.lost += 200;
    }
    expect(watch.view.quality).toBe('poor');
  });

  it('hears of what others miss of what is sent', async () => {
    await watch.look();
    transport.fractionLost = 0.3;
    for (let look = 0; look < 3; look += 1) await watch.look();
    expect(watch.view.quality).toBe('poor');
  });

  it('says so when nothing gets through', async () => {
    transport.connectionState = 'connecting';
    cutOff = true;
    await watch.look();
    expect(watch.view).toEqual({ path: undefined, quality: 'none' });
    expect(told).toEqual([]);
  });
});
