import { mediaAddresses } from '@holdfast/media-server/media-node/media-addresses.ts';
import { describe, expect, it } from 'vitest';

const v4 = '203.0.113.9';
const v6 = '2001:db8::9';

describe('the address that browsers are told', () => {
  it.each([
    ['the public one of the same family', '10.0.1.7', [v6, v4], '10.0.1.7', v4],
    ['the public one, of all addresses at once', '0.0.0.0', [v4], '10.0.1.7', v4],
    ['the private one, of all addresses at once without a public one', '0.0.0.0', [], '10.0.1.7', '10.0.1.7'],
    ['the IPv6 one, of all IPv6 addresses', '::', [v6], '10.0.1.7', v6],
    ['none else, where it listens on the public one itself', v4, [v4], '10.0.1.7', undefined],
    ['none else, where the public one is of another family', '10.0.1.7', [v6], '10.0.1.7', undefined],
    ['none else, on loopback: that is for this computer alone', '127.0.0.1', [v4], '127.0.0.1', undefined],
  ])('is %s', (_what, listenIp, publicAddresses, privateAddress, announced) => {
    expect(mediaAddresses({ listenIp }, { publicAddresses, privateAddress })).toEqual([
      announced === undefined ? { ip: listenIp } : { ip: listenIp, announcedAddress: announced },
    ]);
  });

  it('is one of each family, of all addresses at once, when there are public ones of both', () => {
    expect(
      mediaAddresses({ listenIp: '::' }, { publicAddresses: [v6, v4], privateAddress: '10.0.1.7' }),
    ).toEqual([
      { ip: '0.0.0.0', announcedAddress: v4 },
      { ip: '::', announcedAddress: v6, flags: { ipv6Only: true } },
    ]);
  });
});
