import type { MediaPath } from '@holdfast/media-server/protocol/index.ts';

/** The router's interfaces to the client; the second one is the network that a client changes to. */
export const clientLinks = ['cli0', 'cli1'] as const;
/** Where a firewall that reads names listens, on the router. */
export const PROXY_PORT = 8443;

export interface Column {
  readonly id: ColumnId;
  readonly title: string;
  readonly family: 4 | 6;
  readonly browser: 'chromium' | 'firefox';
  /** The path that media must take. */
  readonly path: MediaPath;
  /** Another one that is as good here, and wins the race now and then. */
  readonly orPath?: MediaPath;
  /** Lines of the router's chain `forward`. */
  readonly forward: readonly string[];
  /** Lines of its chain for translated addresses, after routing. */
  readonly translate: readonly string[];
  /** Only TLS to names that it knows passes, through a proxy on the router. */
  readonly byName: boolean;
  readonly delayMs: number;
  /** The client's address changes in mid-meeting. */
  readonly moves: boolean;
  /** The first picture must be there by then, ms; undefined: told, not judged. */
  readonly firstFrameWithinMs?: number;
}

const columnIds = [
  'open',
  'no-udp',
  'udp-3478',
  'tcp-3478',
  'tcp-443',
  'tls-443',
  'symmetric-nat',
  'ipv6',
  'lossy',
  'address-change',
  'firefox',
] as const;
export type ColumnId = (typeof columnIds)[number];

const fromClient = `iifname { ${clientLinks.map((name) => `"${name}"`).join(', ')} }`;

const plain = {
  family: 4,
  browser: 'chromium',
  path: 'udp',
  forward: [],
  translate: [],
  byName: false,
  delayMs: 0,
  moves: false,
} as const;

const LOSS_PER_MILLE = 30;
const loss = `numgen random mod 1000 < ${LOSS_PER_MILLE} drop`;

export const columns: readonly Column[] = [
  { ...plain, id: 'open', title: 'open', firstFrameWithinMs: 1000 },
  // Dropped, not refused: a browser hears nothing and has to wait.
  {
    ...plain,
    id: 'no-udp',
    title: 'UDP blocked',
    path: 'tcp',
    orPath: 'turn-tcp',
    forward: [`${fromClient} meta l4proto udp drop`],
  },
  // Some firewalls know the ports of conferencing, and those only.
  {
    ...plain,
    id: 'udp-3478',
    title: 'only 3478 over UDP, 443 over TCP',
    path: 'turn-udp',
    forward: [
      `${fromClient} udp dport 3478 accept`,
      `${fromClient} tcp dport 443 accept`,
      `${fromClient} drop`,
    ],
  },
  {
    ...plain,
    id: 'tcp-3478',
    title: 'only 3478 and 443 over TCP',
    path: 'turn-tcp',
    forward: [`${fromClient} tcp dport { 443, 3478 } accept`, `${fromClient} drop`],
  },
  {
    ...plain,
    id: 'tcp-443',
    title: 'only TCP 443',
    path: 'turn-tls',
    forward: [`${fromClient} tcp dport 443 accept`, `${fromClient} drop`],
    firstFrameWithinMs: 2500,
  },
  {
    ...plain,
    id: 'tls-443',
    title: 'only TLS on 443, by name',
    path: 'turn-tls',
    forward: [`${fromClient} drop`],
    byName: true,
    firstFrameWithinMs: 2500,
  },
  {
    ...plain,
    id: 'symmetric-nat',
    title: 'symmetric NAT',
    // Another port for each destination: what one server sees is of no use to another.
    translate: ['oifname { "srv0", "trn0" } masquerade fully-random'],
  },
  { ...plain, id: 'ipv6', title: 'IPv6 only', family: 6 },
  { ...plain, id: 'lossy', title: '3 % loss and 100 ms', forward: [loss], delayMs: 100 },
  { ...plain, id: 'address-change', title: 'address change', moves: true },
  { ...plain, id: 'firefox', title: 'open, Firefox', browser: 'firefox' },
];

export const isExpected = (
  { path, orPath }: Pick<Column, 'path' | 'orPath'>,
  seen: MediaPath | null,
): boolean => seen !== null && (seen === path || seen === orPath);

export const columnNamed = (id: string): Column | undefined => columns.find((column) => column.id === id);

/** The whole of nftables on the router. */
export function ruleset({
  forward,
  translate,
  byName,
}: Pick<Column, 'forward' | 'translate' | 'byName'>): string {
  const chain = (name: string, hook: string, lines: readonly string[]) => [
    `  chain ${name} {`,
    `    ${hook}`,
    ...lines.map((line) => `    ${line}`),
    '  }',
  ];
  return [
    'flush ruleset',
    'table inet path {',
    ...chain('forward', 'type filter hook forward priority filter; policy accept;', forward),
    ...chain(
      'prerouting',
      'type nat hook prerouting priority dstnat; policy accept;',
      byName ? [`${fromClient} tcp dport 443 redirect to :${PROXY_PORT}`] : [],
    ),
    ...chain('postrouting', 'type nat hook postrouting priority srcnat; policy accept;', translate),
    '}',
    '',
  ].join('\n');
}
