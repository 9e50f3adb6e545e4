import { isIPv6 } from 'node:net';

/** An address as the host of a URL. */
export const urlHost = (address: string): string => (isIPv6(address) ? `[${address}]` : address);
