import { offersOf, onlyBy } from '@holdfast/media-server/client/path-offers.ts';
import { describe, expect, it } from 'vitest';

const candidate = (protocol: 'udp' | 'tcp', address: string) => ({ protocol, address, port: 40_000 });
const login = { username: 'u', credential: 'c' };
const offered = {
  iceServers: [
    { urls: 'stun:stun.example.org' },
    { urls: ['turns:turn.example.org:443?transport=tcp', 'turn:turn.example.org'], ...login },
    { urls: 'turn:[2001:db8::1]:3479?transport=tcp', ...login },
  ],
  iceCandidates: [
    candidate('udp', '192.0.2.1'),
    candidate('tcp', '192.0.2.1'),
    candidate('udp', '2001:db8::9'),
  ],
};

describe('the ways for media that are offered', () => {
  it('are listed in the order in which they are preferred', () => {
    expect(offersOf(offered).map(({ path, host, port }) => `${path} ${host} ${port}`)).toEqual([
      'udp 192.0.2.1 40000',
      'udp 2001:db8::9 40000',
      'tcp 192.0.2.1 40000',
      'turn-udp turn.example.org 3478',
      'turn-tcp 2001:db8::1 3479',
      'turn-tls turn.example.org 443',
    ]);
  });

  it.each(['turns:turn.example.org?transport=udp', 'http://turn.example.org', 'turn:', 'turn:a:b', 'stun:a'])(
    'do not include %s',
    (url) => {
      expect(offersOf({ iceServers: [{ urls: url }], iceCandidates: [] })).toEqual([]);
    },
  );

  it('can be cut down to one', () => {
    expect(onlyBy('udp', offered)).toEqual({
      iceServers: [],
      iceCandidates: [offered.iceCandidates[0], offered.iceCandidates[2]],
      relayOnly: false,
    });
    expect(onlyBy('tcp', offered)).toMatchObject({ iceServers: [], iceCandidates: [{ protocol: 'tcp' }] });
    expect(onlyBy('turn-tls', offered)).toMatchObject({
      iceServers: [{ urls: ['turns:turn.example.org:443?transport=tcp'], ...login }],
      iceCandidates: [{ protocol: 'udp' }, { protocol: 'udp' }],
      relayOnly: true,
    });
  });
});
