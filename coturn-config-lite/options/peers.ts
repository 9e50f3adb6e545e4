import type { OptionSpec } from './spec.ts';

/** To whom may be relayed. */
export const peerOptions = {
  allowedPeerIp: {
    name: 'allowed-peer-ip',
    kind: 'ip-range',
    many: true,
    default: 'everything that is not denied',
    meaning: 'Peers that may be reached although a denied range holds them.',
  },
  deniedPeerIp: {
    name: 'denied-peer-ip',
    kind: 'ip-range',
    many: true,
    default: 'none',
    meaning: 'Peers that nobody may reach through this server.',
  },
  allowLoopbackPeers: {
    name: 'allow-loopback-peers',
    kind: 'flag',
    default: 'off',
    meaning: 'Peers may be this very machine: every service that listens on loopback.',
  },
  noMulticastPeers: {
    name: 'no-multicast-peers',
    kind: 'flag',
    default: 'off',
    meaning: 'Peers may not be multicast or broadcast addresses.',
  },
  serverRelay: {
    name: 'server-relay',
    kind: 'flag',
    default: 'off',
    meaning: 'Relay endpoints take packets from anybody, without a permission. Not standard.',
  },
} as const satisfies Record<string, OptionSpec>;
