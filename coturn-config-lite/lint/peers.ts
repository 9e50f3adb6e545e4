import { type AddressRange, covers, overlap, parseRange } from '../addresses.ts';
import type { Finding, LintContext, Rule } from './finding.ts';

/** Ranges behind which other people's and one's own private services are. */
const privateRanges: readonly { readonly range: string; readonly what: string }[] = [
  { range: '0.0.0.0-0.255.255.255', what: 'this machine' },
  { range: '10.0.0.0-10.255.255.255', what: 'private networks (RFC 1918)' },
  { range: '100.64.0.0-100.127.255.255', what: 'carriers’ NAT (RFC 6598)' },
  { range: '172.16.0.0-172.31.255.255', what: 'private networks (RFC 1918)' },
  { range: '192.0.0.0-192.0.0.255', what: 'protocol assignments (RFC 6890)' },
  { range: '192.168.0.0-192.168.255.255', what: 'private networks (RFC 1918)' },
  { range: '198.18.0.0-198.19.255.255', what: 'networks of one’s own, for measurements (RFC 2544)' },
  { range: '240.0.0.0-255.255.255.255', what: 'reserved addresses, private ones on some clouds (RFC 1112)' },
  { range: '::ffff:0.0.0.0-::ffff:255.255.255.255', what: 'IPv4 written as IPv6' },
  { range: '64:ff9b::-64:ff9b::ffff:ffff', what: 'IPv4 behind NAT64' },
  {
    range: '64:ff9b:1::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff',
    what: 'IPv4 behind a NAT64 of one’s own (RFC 8215)',
  },
  { range: '2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', what: 'IPv4 behind 6to4 (RFC 3056)' },
  { range: 'fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', what: 'private networks (RFC 4193)' },
];

/** Where clouds answer a machine about itself, with credentials in what they say. Azure has a second place, which looks public. */
const metadataRanges: readonly string[] = [
  '169.254.0.0-169.254.255.255',
  '168.63.129.16',
  'fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];

/** What `denied-peer-ip` must hold so that nothing private can be reached through the server. */
export const deniedPeerIps: readonly string[] = [
  ...privateRanges.map(({ range }) => range),
  ...metadataRanges,
];

const multicastRange = '224.0.0.0-239.255.255.255';

function ranges(texts: readonly string[] = []): AddressRange[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}

function reachable({ config }: LintContext, wanted: readonly string[]): string[] {
  const denied = ranges(config.deniedPeerIp);
  return wanted.filter((text) => !ranges([text]).every((range) => covers(denied, range)));
}

const privatePeers: Rule = (context) => {
  if (!context.relays || context.localOnly) return [];
  const open = reachable(
    context,
    privateRanges.map(({ range }) => range),
  );
  if (open.length === 0) return [];
  const message = `Clients can reach services of your private network through this server (SSRF): ${open.join(', ')}.`;
  const fix = `Add ${open.map((range) => `denied-peer-ip=${range}`).join(', ')}.`;
  return [context.error('private-peers', 'deniedPeerIp', message, fix, null)];
};

const metadataServices: Rule = (context) => {
  if (!context.relays || context.localOnly) return [];
  const open = reachable(context, metadataRanges);
  if (open.length === 0) return [];
  const message = `On clouds, clients can reach the services that tell a machine about itself, its credentials too (169.254.169.254): ${open.join(', ')}.`;
  const fix = `Add ${open.map((range) => `denied-peer-ip=${range}`).join(', ')}.`;
  return [context.error('metadata-service-reachable', 'deniedPeerIp', message, fix, null)];
};

const allowedPrivatePeers: Rule = (context) => {
  if (context.localOnly) return [];
  const closed = ranges(deniedPeerIps);
  return context.settingsOf('allowedPeerIp').flatMap(({ number, value }): Finding[] => {
    const opens = ranges([value]).some((range) => closed.some((other) => overlap(range, other)));
    if (!opens) return [];
    const message = `allowed-peer-ip=${value} opens private addresses again, whatever is denied.`;
    const fix = 'Name single machines, and only those that clients must reach through TURN.';
    return [context.warning('private-peer-allowed', 'allowedPeerIp', message, fix, number)];
  });
};

const loopbackPeers: Rule = (context) => {
  if (!context.config.allowLoopbackPeers || context.localOnly) return [];
  const message = 'Clients can reach every service of this machine that listens on loopback.';
  return [context.error('loopback-peers', 'allowLoopbackPeers', message, 'Remove allow-loopback-peers.')];
};

const multicastPeers: Rule = (context) => {
  if (!context.relays || context.localOnly || context.config.noMulticastPeers) return [];
  if (reachable(context, [multicastRange]).length === 0) return [];
  const message = 'Clients can send to multicast addresses through this server.';
  return [context.warning('multicast-peers', 'noMulticastPeers', message, 'Add no-multicast-peers.')];
};

const serverRelay: Rule = (context) => {
  if (!context.config.serverRelay) return [];
  const message = 'server-relay lets anybody send to relay endpoints, without a permission of the client.';
  return [context.error('server-relay', 'serverRelay', message, 'Remove server-relay.')];
};

/** Whom clients reach through the server. */
export const peerRules: readonly Rule[] = [
  privatePeers,
  metadataServices,
  allowedPrivatePeers,
  loopbackPeers,
  multicastPeers,
  serverRelay,
];
