import { z } from 'zod';
import { DRAIN_WITHIN_MS } from '../protocol/drain.ts';
import { iceServer, nodeId, turnUrls } from '../protocol/values.ts';
import { autoscalerConfig } from './autoscaler-config.ts';
import { carries } from './carries.ts';

const port = z.int().min(0).max(65_535);
const httpUrl = z.url();

/** How a process finds out what machine it is on; see `media-server/machine`. */
const machineSource = z
  .discriminatedUnion('from', [
    z.strictObject({ from: z.literal('local') }),
    z.strictObject({ from: z.literal('file'), path: z.string().min(1) }),
    z.strictObject({ from: z.literal('environment') }),
    z.strictObject({
      from: z.literal('aws'),
      /** Another address than the machine's own metadata service, for tests. */
      metadataEndpoint: z.url().optional(),
    }),
  ])
  .prefault({ from: 'local' });
export type MachineSource = z.output<typeof machineSource>;

/** What a process that people are on may take to see them off when it is told to end, ms; 0: it ends at once. */
const stopGraceMs = z
  .number()
  .max(DRAIN_WITHIN_MS.most)
  .refine(
    (ms) => ms === 0 || ms >= DRAIN_WITHIN_MS.least,
    `must be 0, or at least ${DRAIN_WITHIN_MS.least}: nobody can be moved in less`,
  )
  .default(25_000);

export const mediaNodeConfig = z.object({
  role: z.literal('media-node'),
  machine: machineSource,
  /** Where gateways, other nodes and probes reach this node: `/rpc`, `/healthz`, `/readyz`, `/metrics`. */
  rpc: z
    .object({
      host: z.string().default('127.0.0.1'),
      /** 0: any free one. */
      port: port.default(0),
    })
    .prefault({}),
  /** Unix socket on which the drain agent is served. */
  drainSocket: z.string().min(1),
  /** Addresses of the control plane's internal listener, ws(s)://HOST:PORT/internal/nodes; tried in turn. */
  controlPlane: z.object({ urls: z.array(httpUrl).min(1) }),
  media: z
    .object({
      listenIp: z.string().default('127.0.0.1'),
      /** UDP and TCP port of the first worker; the others take the next ones. 0: any free ones. */
      port: port.default(0),
      /** mediasoup workers; default: as many as the machine has cores for. */
      workers: z.int().min(1).max(256).optional(),
    })
    .prefault({}),
  /** What one machine carries, where it was measured better than the table of machine types knows. */
  carries: carries.prefault({}),
  handover: z
    .object({
      /** Time one meeting may take until its commit, ms. */
      meetingDeadlineMs: z.number().min(1000).default(10_000),
      /** Meetings moved at the same time when there is no hurry. */
      parallelMeetings: z.int().min(1).default(2),
      /** Between two publishers of a meeting, ms. */
      publishSpacingMs: z.number().min(0).default(400),
      /** The whole publishing order of a meeting fits into this, ms. */
      publishOrderMs: z.number().min(0).default(3000),
    })
    .prefault({}),
  stop: z
    .object({
      /**
       * On SIGTERM meetings are moved away for so long before the process ends, ms; 0: it ends at once, and they are
       * recovered elsewhere. Whoever stops it must wait 10 s longer before SIGKILL: `docker stop --time 40`.
       */
      graceMs: stopGraceMs,
    })
    .prefault({}),
});
export type MediaNodeConfig = z.output<typeof mediaNodeConfig>;

export const turnServerConfig = z.object({
  role: z.literal('turn-server'),
  machine: machineSource,
  /** Probes and metrics: `/healthz`, `/readyz`, `/metrics`. */
  http: z.object({ host: z.string().default('127.0.0.1'), port: port.default(0) }).prefault({}),
  /** Unix socket on which the drain agent is served. */
  drainSocket: z.string().min(1),
  /** Addresses of the control plane's internal listener, ws(s)://HOST:PORT/internal/nodes; tried in turn. */
  controlPlane: z.object({ urls: z.array(httpUrl).min(1) }),
  turn: z.object({
    /** Of the credentials: the domain. */
    realm: z.string().min(1),
    /** Default: the machine's private address. Its public one is told to browsers, where it has one. */
    listenIp: z.union([z.ipv4(), z.ipv6()]).optional(),
    /** What browsers are told instead of an address. TLS wants the name of the certificate. */
    host: z.string().min(1).optional(),
    /** UDP and TCP. 0: any free one. */
    port: port.default(3478),
    /** PEM files; TLS is not offered without. */
    tls: z.object({ port: port.default(443), certFile: z.string(), keyFile: z.string() }).optional(),
    relayPorts: z.object({ first: port, last: port }).optional(),
    /** Private addresses that may be relayed to all the same: of media nodes that have no public one. */
    allowedPeers: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
    /** Everybody in a move has four. */
    maxAllocations: z.int().positive().default(4000),
    /** What the machine may send, bits per second. */
    networkBps: z.number().positive().optional(),
    program: z.string().min(1).default('turnserver'),
  }),
  /** coturn's own files, secrets among them; made for this user alone when it is not there. */
  workDirectory: z.string().min(1),
  stop: z
    .object({
      /** On SIGTERM everybody is sent elsewhere for so long before the process ends, ms; 0: it ends at once. */
      graceMs: stopGraceMs,
    })
    .prefault({}),
});
export type TurnServerConfig = z.output<typeof turnServerConfig>;

export const controlPlaneConfig = z.object({
  role: z.literal('control-plane'),
  replicaId: nodeId.default('control-plane-1'),
  /** The public listener: pages, REST, `/v1/signal`, probes. */
  http: z
    .object({
      host: z.string().default('127.0.0.1'),
      port: port.default(8443),
      /** PEM files; plain http when absent (only on loopback or behind a load balancer that ends TLS). */
      tls: z.object({ certFile: z.string(), keyFile: z.string() }).optional(),
      /**
       * Load balancers in front of it, addresses or subnets ("10.0.0.0/8"): their X-Forwarded-For says whom a WebSocket
       * belongs to. Without them everybody behind one counts as one address.
       */
      trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    })
    .prefault({}),
  /** The private listener to which media nodes dial: `/internal/nodes`. */
  internal: z.object({ host: z.string().default('127.0.0.1'), port: port.default(0) }).prefault({}),
  /** Folder of the built pages; no pages when absent. */
  webRoot: z.string().optional(),
  /** The page itself may make meetings and tokens (local use). Off: only applications with the API key may. */
  openJoin: z.boolean().default(false),
  /** Joins by the page alone (`openJoin`), a minute. An office behind one address needs some room. */
  joinRates: z
    .object({ perAddress: z.int().min(1).default(120), total: z.int().min(1).default(3000) })
    .prefault({}),
  /**
   * WebSockets of participants. An address may be a whole company's or a campus's. `waiting` are those that have not
   * entered yet: browsers are it for a moment only, so above the limit the oldest makes room for the newest.
   */
  limits: z
    .object({
      total: z.int().min(1).default(20_000),
      perAddress: z.int().min(1).default(2000),
      waitingTotal: z.int().min(1).default(2000),
      waitingPerAddress: z.int().min(1).default(200),
    })
    .prefault({}),
  /** Names by which the public listener may be called, besides loopback's own; without any, every name is taken. */
  hostNames: z.array(z.string().min(1)).default([]),
  /**
   * A link with `?join=1` enters at once, camera and microphone on. For kiosks, tests and loopback only: elsewhere
   * anybody's link could put a visitor on show who has once allowed this site the camera. Off: the lobby comes first.
   */
  autoJoin: z.boolean().default(false),
  /** Told to every browser as they are, for STUN above all. */
  iceServers: z.array(iceServer).default([]),
  /**
   * TURN servers that share the secret `HOLDFAST_TURN_SECRET`: each participant gets credentials of its own that end. Machines
   * that register as TURN servers need not be named here.
   */
  turn: z
    .object({
      urls: turnUrls.default([]),
      /** New relays can be had with them for so long; those in use go on. A leg is told of new ones before. */
      credentialSeconds: z.int().min(60).max(86_400).default(3600),
    })
    .prefault({}),
  store: z.discriminatedUnion('kind', [z.object({ kind: z.literal('memory') })]).prefault({ kind: 'memory' }),
  timing: z
    .object({
      heartbeatMs: z.number().default(1000),
      /** No heartbeat for this long: the node is gone. */
      nodeLostMs: z.number().default(3500),
      /** Ping on each gateway–node connection; three missed: the node is gone. */
      pingMs: z.number().default(250),
      /** How long a participant without a WebSocket may come back. */
      resumeMs: z.number().default(30_000),
    })
    .prefault({}),
});
export type ControlPlaneConfig = z.output<typeof controlPlaneConfig>;

export const drainAgentConfig = z.object({
  role: z.literal('drain-agent'),
  machine: machineSource,
  /** Unix socket of the machine's server. */
  drainSocket: z.string().min(1),
  /** The server's `/healthz`: it is asked before a node is taken for gone whose socket nobody listens on. */
  nodeHealthUrl: z.url({ protocol: /^http$/ }),
  /** Health and metrics of the agent itself. */
  http: z.object({ host: z.string().default('127.0.0.1'), port: port.default(0) }).prefault({}),
  cloud: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('local'),
      /** Unix socket of the local cloud's metadata service. */
      metadataSocket: z.string().min(1),
    }),
    z.object({
      /** With `machine.from` = `aws`: the instance's id names the machine to AWS. */
      kind: z.literal('aws'),
      region: z.string().min(1),
      /** Name of the Auto Scaling group that the machine belongs to. */
      group: z.string().min(1),
      /** Name of its hook on termination. */
      hook: z.string().min(1),
      /** What the hook gives each time, ms; the agent asks AWS, and takes this where it gets no answer. */
      heartbeatTimeoutMs: z.int().min(30_000).max(7_200_000),
      /** Where what AWS tells only once is kept, on a file system that a boot empties. */
      memoryFile: z.string().min(1),
      /** Addresses other than AWS's own, for tests and emulators. */
      endpoint: z.url().optional(),
      metadataEndpoint: z.url().optional(),
    }),
  ]),
  /** The drain must be over this long before the notice's deadline, ms. */
  safetyMarginMs: z.number().min(0).default(2000),
});
export type DrainAgentConfig = z.output<typeof drainAgentConfig>;

export const nodeConfig = z.discriminatedUnion('role', [
  mediaNodeConfig,
  turnServerConfig,
  controlPlaneConfig,
  drainAgentConfig,
  autoscalerConfig,
]);
export type NodeConfig = z.output<typeof nodeConfig>;
/** What may be left out has a default. */
export type NodeConfigInput = z.input<typeof nodeConfig>;
