import { covers, parseMapping, parseRange } from '../addresses.ts';
import type { OptionKey } from '../options.ts';
import { type Finding, isLoopback, type LintContext, type Rule } from './finding.ts';
import { deniedPeerIps } from './peers.ts';

const privateAddresses = deniedPeerIps.flatMap((range) => parseRange(range) ?? []);

function isPrivate(address: string): boolean {
  const range = parseRange(address);
  return range !== undefined && privateAddresses.some((each) => covers([each], range));
}

const missingExternalIp: Rule = (context) => {
  const { externalIp, listeningIp = [], relayIp = [] } = context.config;
  if (externalIp !== undefined || !context.relays) return [];
  const used = relayIp.length > 0 ? relayIp : listeningIp;
  if (used.length === 0 || !used.every(isPrivate)) return [];
  const message = `Clients are told to send to ${used.join(', ')}, which only this network reaches.`;
  const key: OptionKey = relayIp.length > 0 ? 'relayIp' : 'listeningIp';
  return [context.error('external-ip-missing', key, message, `Add external-ip=PUBLIC/${used[0]}.`)];
};

const privateExternalIp: Rule = (context) =>
  context.settingsOf('externalIp').flatMap(({ number, value }): Finding[] => {
    const [external = ''] = value.split('/');
    if (!parseMapping(value) || !(isPrivate(external) || isLoopback(external))) return [];
    const message = `external-ip tells clients ${external}, which is no public address.`;
    const fix = 'Give the public address first: external-ip=PUBLIC/PRIVATE.';
    return [context.error('external-ip-private', 'externalIp', message, fix, number)];
  });

const severalExternalIps: Rule = (context) => {
  const values = context.config.externalIp ?? [];
  if (values.length <= 1 || values.every((value) => value.includes('/'))) return [];
  const message =
    'Of several public addresses each must name its private one; coturn takes only one without.';
  const fix = 'Write each as external-ip=PUBLIC/PRIVATE.';
  return [context.error('external-ip-ambiguous', 'externalIp', message, fix)];
};

interface Use {
  readonly key: OptionKey;
  readonly port: number;
  readonly of: string;
}

function portsOf(context: LintContext): Use[] {
  const { config } = context;
  const uses: Use[] = [{ key: 'listeningPort', port: config.listeningPort ?? 3478, of: 'clients' }];
  if (!(config.noTls && config.noDtls)) {
    uses.push({ key: 'tlsListeningPort', port: config.tlsListeningPort ?? 5349, of: 'TLS' });
  }
  if (config.tcpProxyPort !== undefined) {
    uses.push({ key: 'tcpProxyPort', port: config.tcpProxyPort, of: 'the load balancer' });
  }
  if (!config.noCli && config.cliPassword !== undefined) {
    uses.push({ key: 'cliPort', port: config.cliPort ?? 5766, of: 'the command line' });
  }
  if (config.webAdmin) {
    uses.push({ key: 'webAdminPort', port: config.webAdminPort ?? 8080, of: 'the administrators’ page' });
  }
  if (config.prometheus) {
    uses.push({ key: 'prometheusPort', port: config.prometheusPort ?? 9641, of: 'the metrics' });
  }
  return uses;
}

const portClashes: Rule = (context) => {
  const seen = new Map<number, Use>();
  return portsOf(context).flatMap((use): Finding[] => {
    const other = seen.get(use.port);
    if (!other) {
      seen.set(use.port, use);
      return [];
    }
    const key = context.lineOf(use.key) === undefined ? other.key : use.key;
    const message = `Port ${use.port} is for ${other.of} and for ${use.of}; only one of them can have it.`;
    return [context.error('port-clash', key, message, 'Give one of them another port.')];
  });
};

const portInRelayRange: Rule = (context) => {
  const { minPort = 49_152, maxPort = 65_535 } = context.config;
  return portsOf(context).flatMap(({ key, port, of }): Finding[] => {
    if (!context.relays || port < minPort || port > maxPort) return [];
    const message = `Port ${port} of ${of} lies among the relay ports ${minPort}-${maxPort}.`;
    return [context.error('port-in-relay-range', key, message, 'Move the port, or min-port and max-port.')];
  });
};

/** Two legs in a move, a transport each way: what one participant may need. */
const PORTS_PER_PARTICIPANT = 4;
const MIN_RELAY_PORTS = 100;

const relayRange: Rule = (context) => {
  const { minPort = 49_152, maxPort = 65_535, totalQuota = 0 } = context.config;
  if (!context.relays) return [];
  const key: OptionKey = context.config.maxPort === undefined ? 'minPort' : 'maxPort';
  if (minPort > maxPort) {
    const message = `min-port ${minPort} is above max-port ${maxPort}: there is no relay port.`;
    return [context.error('relay-range-empty', key, message, 'Swap them, or leave both out.')];
  }
  const size = maxPort - minPort + 1;
  if (size < MIN_RELAY_PORTS) {
    const message = `${size} relay ports are enough for ${Math.floor(size / PORTS_PER_PARTICIPANT)} participants.`;
    return [context.warning('relay-range-small', key, message, 'Widen min-port to max-port.')];
  }
  if (totalQuota <= size) return [];
  const message = `total-quota promises ${totalQuota} allocations, and there are ${size} relay ports.`;
  return [context.warning('relay-range-small', key, message, `Widen the range, or use total-quota=${size}.`)];
};

const nothingToRelay: Rule = (context) => {
  if (!context.config.noUdpRelay) return [];
  const message = 'Without UDP relay endpoints no WebRTC client can be relayed.';
  return [context.error('no-udp-relay', 'noUdpRelay', message, 'Remove no-udp-relay.')];
};

const noListener: Rule = (context) => {
  const { noUdp, noTcp, noTls, noDtls } = context.config;
  const secure = context.hasCertificate && !(noTls && noDtls);
  if (!noUdp || !noTcp || secure) return [];
  const message = 'Nothing is listened on: neither UDP, TCP nor TLS.';
  return [context.error('no-listener', 'noTcp', message, 'Remove no-udp or no-tcp, or add a certificate.')];
};

/** Addresses and ports. */
export const networkRules: readonly Rule[] = [
  missingExternalIp,
  privateExternalIp,
  severalExternalIps,
  portClashes,
  portInRelayRange,
  relayRange,
  nothingToRelay,
  noListener,
];
