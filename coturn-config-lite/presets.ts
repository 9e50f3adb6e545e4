import type { TurnServerConfig } from './config.ts';
import { deniedPeerIps } from './lint/peers.ts';
import { assertValid } from './validate.ts';

/** What every preset must know. */
export interface PresetOptions {
  /** Realm of the credentials: your domain. */
  readonly realm: string;
  /** The shared secret, and during a rotation the one before: at least 32 random characters each. */
  readonly secrets: readonly string[];
  /** Allocations of one user at the same time. Default 12: a few devices, two legs each in a move. */
  readonly userQuota?: number;
  /** Allocations altogether. Default 4000. */
  readonly totalQuota?: number;
  /** Of one session in one direction, bit/s. Default 10 Mbit/s. */
  readonly maxBitrateBps?: number;
  /** Relay ports, first and last. Default 49152 to 65535. */
  readonly relayPorts?: { readonly first: number; readonly last: number };
}

/**
 * A server with a public address of its own: UDP and TCP on 3478, nothing private reachable, everything limited.
 * @throws CoturnConfigError
 */
export function publicTurn(options: PresetOptions): TurnServerConfig {
  const {
    realm,
    secrets,
    userQuota = 12,
    totalQuota = 4000,
    maxBitrateBps = 10_000_000,
    relayPorts,
  } = options;
  return checked({
    listeningPort: 3478,
    ...(relayPorts ? { minPort: relayPorts.first, maxPort: relayPorts.last } : {}),
    noTcpRelay: true,
    useAuthSecret: true,
    staticAuthSecret: secrets,
    realm,
    deniedPeerIp: deniedPeerIps,
    noMulticastPeers: true,
    userQuota,
    totalQuota,
    maxBps: Math.round(maxBitrateBps / 8),
    staleNonce: 600,
    noTls: true,
    noDtls: true,
    logFile: 'stdout',
    simpleLog: true,
    newLogTimestamp: true,
    noCli: true,
    fingerprint: true,
    noSoftwareAttribute: true,
    noRfc5780: true,
    noStunBackwardCompatibility: true,
    responseOriginOnlyWithRfc5780: true,
  });
}

/**
 * TLS on 443 as well, for networks that let nothing else through.
 * @throws CoturnConfigError
 */
export function turnTls443(
  options: PresetOptions & { readonly certFile: string; readonly keyFile: string },
): TurnServerConfig {
  const { noTls: _, noDtls: __, ...plain } = publicTurn(options);
  return checked({
    ...plain,
    tlsListeningPort: 443,
    cert: options.certFile,
    pkey: options.keyFile,
    noDtls: true,
    noTlsv1: true,
    noTlsv11: true,
  });
}

/**
 * Adds the public address of a server behind one-to-one NAT, as on most clouds, to another preset.
 * @throws CoturnConfigError
 * @example behindNat(publicTurn({ … }), { publicIp: '192.0.2.7', privateIp: '10.0.0.7' })
 */
export function behindNat(
  config: TurnServerConfig,
  addresses: { readonly publicIp: string; readonly privateIp: string },
): TurnServerConfig {
  const { publicIp, privateIp } = addresses;
  return checked({
    ...config,
    listeningIp: [privateIp],
    relayIp: [privateIp],
    externalIp: [`${publicIp}/${privateIp}`],
  });
}

/**
 * For tests on one machine: listens on loopback alone and relays to it.
 * @throws CoturnConfigError
 */
export function internalOnly(
  options: PresetOptions & { readonly port?: number; readonly address?: string },
): TurnServerConfig {
  const { deniedPeerIp: _, ...config } = publicTurn(options);
  const address = options.address ?? '127.0.0.1';
  return checked({
    ...config,
    listeningPort: options.port ?? 3478,
    listeningIp: [address],
    relayIp: [address],
    allowLoopbackPeers: true,
  });
}

function checked(config: TurnServerConfig): TurnServerConfig {
  assertValid(config);
  return config;
}
