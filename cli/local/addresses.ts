import { hostname, networkInterfaces } from 'node:os';

export const LOOPBACK = '127.0.0.1';

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::';

/** Where this machine reaches its own listener. */
export function connectHost(host: string): string {
  return isWildcard(host) ? LOOPBACK : host;
}

/** The host in an address for people. */
export function urlHost(host: string): string {
  if (isWildcard(host)) return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

/** Media goes where the pages go; for all addresses at once browsers are told the first one that is not loopback. */
export function mediaAddress(host: string): { listenIp: string; publicAddresses: string[] } {
  if (host === 'localhost') return { listenIp: LOOPBACK, publicAddresses: [] };
  if (!isWildcard(host)) return { listenIp: host, publicAddresses: [] };
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const address = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  return { listenIp: host, publicAddresses: address === undefined ? [] : [address] };
}
