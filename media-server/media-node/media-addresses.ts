import { isIPv6 } from 'node:net';
import type { MediaNodeConfig } from '../config/index.ts';
import type { MachineFacts } from '../machine/machine-facts.ts';

/** Where a worker listens for media, and the address that browsers are told when that is another one. */
export interface MediaAddress {
  readonly ip: string;
  readonly announcedAddress?: string;
  /** Not for IPv4 as well, which another socket listens for. */
  readonly flags?: { readonly ipv6Only: true };
}

const isWildcard = (ip: string) => ip === '0.0.0.0' || ip === '::';
const isLoopback = (ip: string) => ip === '::1' || ip.startsWith('127.');

/** All addresses of a machine, each family by itself, when it has public ones of both. */
const BOTH_FAMILIES = '::';

/**
 * Browsers are told the machine's public address of the same family, if it has one; for all addresses at once they must be
 * told one, and without a public one that is the private one. What listens on loopback is for this computer alone.
 */
export function mediaAddresses(
  { listenIp }: Pick<MediaNodeConfig['media'], 'listenIp'>,
  { publicAddresses, privateAddress }: Pick<MachineFacts, 'publicAddresses' | 'privateAddress'>,
): MediaAddress[] {
  const announce = (ip: string): MediaAddress => {
    const sameFamily = (address: string) => isIPv6(address) === isIPv6(ip);
    const announced = isLoopback(ip)
      ? undefined
      : (publicAddresses.find(sameFamily) ??
        (isWildcard(ip) && sameFamily(privateAddress) ? privateAddress : undefined));
    return announced === undefined || announced === ip ? { ip } : { ip, announcedAddress: announced };
  };
  if (listenIp !== BOTH_FAMILIES || new Set(publicAddresses.map(isIPv6)).size < 2)
    return [announce(listenIp)];
  return [announce('0.0.0.0'), { ...announce('::'), flags: { ipv6Only: true } }];
}
