import { isIP } from 'node:net';
import type { ControlPlaneConfig } from '../../config/index.ts';

type HostConfig = Pick<ControlPlaneConfig, 'openJoin' | 'hostNames'> & {
  readonly http: Pick<ControlPlaneConfig['http'], 'host'>;
};

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Whether a request names a host that this listener goes by. A platform on loopback lets anybody in who reaches it; without
 * this check any web site could make its own name lead to 127.0.0.1 and speak to it as the same origin (DNS rebinding).
 * Elsewhere names are the business of the load balancer, unless some are configured.
 */
export function hostCheck({ http, openJoin, hostNames }: HostConfig): (host: string | undefined) => boolean {
  const onLoopback = http.host === 'localhost' || http.host === '::1' || http.host.startsWith('127.');
  if (hostNames.length === 0 && !(onLoopback && openJoin)) return () => true;
  const own = isIP(http.host) === 6 ? `[${http.host}]` : http.host;
  const names = new Set([...loopbackNames, own, ...hostNames].map((name) => name.toLowerCase()));
  return (host) => names.has(nameOf(host ?? ''));
}

/** The name without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}
