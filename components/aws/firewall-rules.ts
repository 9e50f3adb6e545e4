import { ports } from '../ports.ts';

/** What a machine or a load balancer can be, as far as the firewall is concerned; it may be several. */
export const firewallRoles = ['entrance', 'control-plane', 'media', 'turn'] as const;
export type FirewallRole = (typeof firewallRoles)[number];

export interface FirewallRule {
  readonly to: FirewallRole;
  readonly from: FirewallRole | 'everywhere';
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** Of icmp: the type. */
  readonly first: number;
  /** Of icmp: the code. */
  readonly last: number;
  readonly why: string;
}

const { http, https, web, internal, rpc, media, turn } = ports;
const open = (to: FirewallRole, protocol: 'tcp' | 'udp', first: number, last: number, why: string) =>
  ({ to, from: 'everywhere', protocol, first, last, why }) as const;

/** Without "fragmentation needed" large packets vanish on paths with a small maximum (RFC 1191). */
const pathMtu = (to: FirewallRole) =>
  ({ to, from: 'everywhere', protocol: 'icmp', first: 3, last: 4, why: 'Path MTU' }) as const;

/** All that may come in. No port for administrators: machines are replaced, not repaired. */
export const firewallRules: readonly FirewallRule[] = [
  open('entrance', 'tcp', http, http, 'Leads to HTTPS'),
  open('entrance', 'tcp', https, https, 'Pages, API and signalling'),
  { to: 'control-plane', from: 'entrance', protocol: 'tcp', first: web, last: web, why: 'Load balancer' },
  {
    to: 'control-plane',
    from: 'media',
    protocol: 'tcp',
    first: internal,
    last: internal,
    why: 'Nodes register',
  },
  {
    to: 'control-plane',
    from: 'turn',
    protocol: 'tcp',
    first: internal,
    last: internal,
    why: 'TURN servers register',
  },
  open('media', 'udp', media.first, media.last, 'Media'),
  open('media', 'tcp', media.first, media.last, 'Media where UDP does not pass'),
  { to: 'media', from: 'control-plane', protocol: 'tcp', first: rpc, last: rpc, why: 'Gateways relay' },
  { to: 'media', from: 'media', protocol: 'tcp', first: rpc, last: rpc, why: 'Nodes hand meetings over' },
  pathMtu('media'),
  open('turn', 'udp', turn.port, turn.port, 'TURN'),
  open('turn', 'tcp', turn.port, turn.port, 'TURN where UDP does not pass'),
  open('turn', 'tcp', turn.tlsOwnMachine, turn.tlsOwnMachine, 'TURN over TLS'),
  open('turn', 'tcp', turn.tlsSharedMachine, turn.tlsSharedMachine, 'TURN over TLS beside the entrance'),
  open('turn', 'udp', turn.relay.first, turn.relay.last, 'Relayed media'),
  pathMtu('turn'),
];
