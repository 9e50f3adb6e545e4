import { plain } from './good-files.ts';

/** A small file with a fault, and what the linter must say of it: no more, and no less. */
export interface BadFile {
  readonly name: string;
  readonly text: string;
  /** `rule` where something is missing, `rule: LINE` where a line is at fault. */
  readonly findings: readonly string[];
}

/** The good file less the lines that begin with one of `remove`, and with `add` at its end. */
function bad(
  name: string,
  remove: readonly string[],
  add: readonly string[],
  findings: readonly string[],
): BadFile {
  const kept = plain.split('\n').filter((line) => !remove.some((start) => line.startsWith(start)));
  return { name, text: [...kept.slice(0, -1), ...add, ''].join('\n'), findings };
}

const add = (line: string, ...findings: string[]) =>
  bad(
    line.slice(0, 60),
    [],
    [line],
    findings.map((rule) => `${rule}: ${line}`),
  );
const missing = (start: string, ...findings: string[]) => bad(`without ${start}`, [start], [], findings);

export const badFiles: readonly BadFile[] = [
  // Who may use it
  bad('no-auth', ['use-auth-secret', 'static-auth-secret'], ['no-auth'], ['open-relay: no-auth']),
  bad('no credentials at all', ['use-auth-secret', 'static-auth-secret'], [], ['open-relay']),
  bad('no-auth beside a secret', [], ['no-auth'], ['open-relay: no-auth', 'auth-conflict: no-auth']),
  bad(
    'users beside a secret',
    [],
    ['user=ada:gR5tY8uJ2kL6mN9pQ'],
    ['mixed-credentials: user=ada:gR5tY8uJ2kL6mN9pQ'],
  ),
  bad('both mechanisms', [], ['lt-cred-mech'], ['mixed-credentials: lt-cred-mech']),
  bad('secret flag without a secret', ['static-auth-secret'], [], ['secret-missing: use-auth-secret']),
  missing('realm', 'realm-missing'),
  bad(
    'short secret',
    ['static-auth-secret'],
    ['static-auth-secret=north'],
    ['weak-secret: static-auth-secret=north'],
  ),
  bad(
    'long secret of one letter',
    ['static-auth-secret'],
    [`static-auth-secret=${'a'.repeat(40)}`],
    [`weak-secret: static-auth-secret=${'a'.repeat(40)}`],
  ),
  bad(
    'secret of an example',
    ['static-auth-secret'],
    ['static-auth-secret=replace-this-change-me-with-a-secret'],
    ['weak-secret: static-auth-secret=replace-this-change-me-with-a-secret'],
  ),
  bad(
    'weak user password',
    ['use-auth-secret', 'static-auth-secret'],
    ['lt-cred-mech', 'user=ada:ada'],
    ['weak-password: user=ada:ada'],
  ),
  bad(
    'three secrets',
    [],
    [
      'static-auth-secret=Vt8Kp3Qz6WnY1xC5bR9mH2dL7gF4sJ0a',
      'static-auth-secret=Qw9Er8Ty7Ui6Op5As4Df3Gh2Jk1Lz0Xc',
    ],
    ['many-secrets: static-auth-secret=Qw9Er8Ty7Ui6Op5As4Df3Gh2Jk1Lz0Xc'],
  ),
  // Who may steer it
  bad(
    'open command line',
    ['no-cli'],
    ['cli-ip=0.0.0.0', 'cli-password=x9'],
    ['cli-exposed: cli-ip=0.0.0.0'],
  ),
  bad(
    'plain command line password',
    ['no-cli'],
    ['cli-password=qwerty'],
    ['cli-password-plain: cli-password=qwerty'],
  ),
  bad('open admin page', [], ['web-admin', 'web-admin-ip=0.0.0.0'], ['admin-exposed: web-admin-ip=0.0.0.0']),
  add('web-admin-listen-on-workers', 'admin-exposed'),
  // Whom it reaches
  missing('denied-peer-ip=10.', 'private-peers'),
  missing('denied-peer-ip=fc00', 'private-peers'),
  missing('denied-peer-ip=::ffff', 'private-peers'),
  missing('denied-peer-ip=198.18', 'private-peers'),
  missing('denied-peer-ip=240', 'private-peers'),
  missing('denied-peer-ip=64:ff9b:1:', 'private-peers'),
  missing('denied-peer-ip=2002', 'private-peers'),
  missing('denied-peer-ip=169', 'metadata-service-reachable'),
  missing('denied-peer-ip=168', 'metadata-service-reachable'),
  bad('nothing denied', ['denied-peer-ip'], [], ['private-peers', 'metadata-service-reachable']),
  bad(
    'half a range denied',
    ['denied-peer-ip=172'],
    ['denied-peer-ip=172.16.0.0-172.20.255.255'],
    ['private-peers'],
  ),
  add('allowed-peer-ip=10.0.0.0-10.0.0.255', 'private-peer-allowed'),
  add('allow-loopback-peers', 'loopback-peers'),
  missing('no-multicast-peers', 'multicast-peers'),
  add('server-relay', 'server-relay'),
  // Addresses and ports
  add('listening-ip=10.0.0.7', 'external-ip-missing'),
  bad(
    'private relay address',
    [],
    ['listening-ip=203.0.113.7', 'relay-ip=192.168.1.7'],
    ['external-ip-missing: relay-ip=192.168.1.7'],
  ),
  add('external-ip=10.0.0.7', 'external-ip-private'),
  bad(
    'two public addresses without private ones',
    [],
    ['external-ip=203.0.113.7', 'external-ip=203.0.113.8'],
    ['external-ip-ambiguous: external-ip=203.0.113.8'],
  ),
  bad(
    'TLS on the plain port',
    ['no-tls', 'no-dtls'],
    ['cert=c.pem', 'pkey=k.pem', 'no-tlsv1', 'no-tlsv1_1', 'tls-listening-port=3478'],
    ['port-clash: tls-listening-port=3478'],
  ),
  bad(
    'port among relay ports',
    ['listening-port'],
    ['listening-port=50000'],
    ['port-in-relay-range: listening-port=50000'],
  ),
  bad(
    'relay range runs backwards',
    [],
    ['min-port=60000', 'max-port=50000'],
    ['relay-range-empty: max-port=50000'],
  ),
  bad(
    'few relay ports',
    ['total-quota'],
    ['total-quota=20', 'min-port=60000', 'max-port=60019'],
    ['relay-range-small: max-port=60019'],
  ),
  bad(
    'quota above the range',
    [],
    ['min-port=60000', 'max-port=60999'],
    ['relay-range-small: max-port=60999'],
  ),
  add('no-udp-relay', 'no-udp-relay'),
  bad('nothing listens', [], ['no-udp', 'no-tcp'], ['no-listener: no-tcp']),
  // TLS
  bad('old TLS', ['no-tls', 'no-dtls'], ['cert=c.pem', 'pkey=k.pem', 'no-tlsv1'], ['old-tls']),
  add('no-tlsv1_2', 'no-tls-1-2'),
  bad(
    'certificate without key',
    ['no-tls', 'no-dtls'],
    ['cert=c.pem'],
    ['certificate-incomplete: cert=c.pem'],
  ),
  bad(
    'TLS port without certificate',
    ['no-tls', 'no-dtls'],
    ['tls-listening-port=443'],
    ['certificate-missing: tls-listening-port=443'],
  ),
  add('CA-file=ca.pem', 'clients-refused'),
  add('cipher-list=ALL', 'weak-ciphers'),
  // Operation
  missing('user-quota', 'quota-missing'),
  bad('quota of nothing', ['total-quota'], ['total-quota=0'], ['quota-missing: total-quota=0']),
  add('verbose', 'verbose-log'),
  add('log-binding', 'verbose-log'),
  missing('no-rfc5780', 'stun-amplification'),
  add('channel-lifetime=60', 'lifetime-changed'),
  add('stale-nonce=0', 'nonce-forever'),
  add('secure-stun', 'clients-refused'),
  // The file as a file
  add('relm=example.org', 'unknown-option'),
  add('Verbosity', 'unknown-option'),
  add('no-tlsv1.1', 'unknown-option'),
  add('prod', 'deprecated-option'),
  add('no-sslv3', 'deprecated-option'),
  add('dh566', 'deprecated-option'),
  add('keep-address-family', 'deprecated-option'),
  add('listening-port=3479', 'duplicate-option'),
  add('denied-peer-ip=10.0.0.0-10.255.255.255', 'duplicate-option'),
  add('use-auth-secret=no', 'duplicate-option', 'value-ignored'),
  add('proc-user=turnserver;', 'trailing-semicolon'),
  add('min-port=many', 'bad-value'),
  add('alternate-server=turn.example.org', 'bad-value'),
  add('mobility=maybe', 'bad-value'),
  add(`proc-group=${'g'.repeat(1200)}`, 'bad-value', 'line-too-long'),
  add('prometheus', 'needs-build'),
];
