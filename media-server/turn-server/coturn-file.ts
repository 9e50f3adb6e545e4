import { isIPv4 } from 'node:net';
import {
  behindNat,
  type TurnServerConfig as CoturnConfig,
  internalOnly,
  publicTurn,
  turnTls443,
} from '../../coturn-config-lite/index.ts';
import type { TurnServerConfig } from '../config/index.ts';
import type { MachineFacts } from '../machine/machine-facts.ts';
import { urlHost } from '../process/url-host.ts';

/** Where clients reach it. */
export interface TurnAddress {
  readonly listenIp: string;
  /** Where that is not reached from outside: one-to-one NAT, as on most clouds. */
  readonly publicIp: string | undefined;
}

export interface CoturnFileOptions {
  readonly address: TurnAddress;
  readonly turn: TurnServerConfig['turn'];
  /** The present one first. */
  readonly secrets: readonly string[];
  /** Where clients connect to; TLS only when it is configured. */
  readonly ports: { readonly plain: number; readonly tls: number };
  /** The command line of the running server, for this process alone. */
  readonly cli: { readonly port: number; readonly password: string };
  readonly pidFile: string;
  readonly userDb: string;
}

/** Listens at the private address unless the configuration names another. */
export function turnAddressOf(turn: TurnServerConfig['turn'], machine: MachineFacts): TurnAddress {
  const listenIp = turn.listenIp ?? machine.privateAddress;
  // coturn maps addresses of IPv4 alone; one of IPv6 is the machine's own.
  const publicIp = machine.publicAddresses.find((address) => isIPv4(address) && isIPv4(listenIp));
  return { listenIp, publicIp: publicIp === listenIp ? undefined : publicIp };
}

/** Of each participant: two legs with two transports, over three ways to the server, twice while ICE restarts, and some to spare. */
const USER_QUOTA = 36;

/** coturn's configuration for this machine: nothing private is reachable through it but what is named. */
export function coturnConfigOf(options: CoturnFileOptions): CoturnConfig {
  const { turn, cli, ports, pidFile, userDb } = options;
  const { noCli: _, ...preset } = presetOf(options);
  return {
    ...preset,
    listeningPort: ports.plain,
    ...(preset.tlsListeningPort === undefined ? {} : { tlsListeningPort: ports.tls }),
    ...(turn.allowedPeers.length > 0 ? { allowedPeerIp: turn.allowedPeers } : {}),
    cliIp: '127.0.0.1',
    cliPort: cli.port,
    cliPassword: cli.password,
    // Into a pipe to this process, which counts and keeps nothing: only so does each allocation tell what it has relayed.
    verbose: true,
    pidfile: pidFile,
    userdb: userDb,
  };
}

function presetOf({ turn, address, secrets, ports }: CoturnFileOptions): CoturnConfig {
  const common = {
    realm: turn.realm,
    secrets,
    userQuota: USER_QUOTA,
    totalQuota: turn.maxAllocations,
    ...(turn.relayPorts ? { relayPorts: turn.relayPorts } : {}),
  };
  const { listenIp, publicIp } = address;
  if (isLoopback(listenIp)) return internalOnly({ ...common, port: ports.plain, address: listenIp });
  const open = turn.tls ? turnTls443({ ...common, ...turn.tls }) : publicTurn(common);
  return publicIp === undefined
    ? { ...open, listeningIp: [listenIp], relayIp: [listenIp] }
    : behindNat(open, { publicIp, privateIp: listenIp });
}

const isLoopback = (ip: string) => ip === '::1' || ip.startsWith('127.');

/** What browsers are told: the way that costs least first. */
export function turnUrlsOf(
  { host, tls }: TurnServerConfig['turn'],
  { listenIp, publicIp }: TurnAddress,
  ports: CoturnFileOptions['ports'],
): string[] {
  const authority = host ?? urlHost(publicIp ?? listenIp);
  return [
    `turn:${authority}:${ports.plain}?transport=udp`,
    `turn:${authority}:${ports.plain}?transport=tcp`,
    ...(tls && !isLoopback(listenIp) ? [`turns:${authority}:${ports.tls}?transport=tcp`] : []),
  ];
}
