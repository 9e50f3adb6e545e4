import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subnetCidr } from '../../../components/aws/subnet-cidr.ts';

const letters = [...'abcdefghijklmnop'];

function range(cidr: string): { first: number; last: number } {
  const [address = '', length = ''] = cidr.split('/');
  const first = address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(length)) - 1 };
}

describe('the subnet of a zone', () => {
  it('follows from the network and the zone’s letter', () => {
    expect(subnetCidr('10.64.0.0/16', 'eu-central-1a')).toBe('10.64.0.0/20');
    expect(subnetCidr('10.64.0.0/16', 'eu-central-1c')).toBe('10.64.32.0/20');
    expect(subnetCidr('192.168.200.0/24', 'us-east-1f')).toBe('192.168.200.80/28');
  });

  it('lies within the network and touches no other, whatever address within it was written', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
        fc.integer({ min: 16, max: 24 }),
        (address, length) => {
          const written = range(`${address.join('.')}/${length}`).first;
          const size = 2 ** (32 - length);
          const network = { first: written - (written % size), last: written - (written % size) + size - 1 };
          const subnets = letters.map((letter) =>
            range(subnetCidr(`${address.join('.')}/${length}`, `eu-central-1${letter}`)),
          );
          expect(subnets[0]?.first).toBe(network.first);
          expect(subnets.at(-1)?.last).toBe(network.last);
          const gaps = subnets.slice(1).map(({ first }, index) => first - (subnets[index]?.last ?? 0));
          expect(gaps).toEqual(letters.slice(1).map(() => 1));
        },
      ),
    );
  });

  it('is refused where it cannot be told', () => {
    expect(() => subnetCidr('10.0.0.0/16', 'eu-central-1')).toThrow('does not end in a letter');
    expect(() => subnetCidr('10.0.0.0/8', 'eu-central-1a')).toThrow('must be /16 to /24');
    expect(() => subnetCidr('10.0.0.0/25', 'eu-central-1a')).toThrow('must be /16 to /24');
  });
});
