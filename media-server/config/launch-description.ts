import { z } from 'zod';

const port = z.int().min(1).max(65_535);
const name = z.string().min(1);

/** AWS: what a machine must know to hold its own termination, and to take a fixed address. */
const aws = z.strictObject({
  kind: z.literal('aws'),
  region: name,
  /** The Auto Scaling group that the machine is in. */
  group: name,
  /** The hook that holds its termination until the drain is over; absent: nothing to drain. */
  drainHook: z.strictObject({ name, heartbeatSeconds: z.int().min(30).max(7200) }).optional(),
  /** Allocation ids of fixed addresses; the machine takes one that is free, and waits for it. */
  fixedAddresses: z.array(name).default([]),
});

const controlPlanePart = z.strictObject({
  /** Names in the cloud's secret store. */
  secrets: z.strictObject({ cluster: name, own: name, turn: name }),
  /** The zone of the private name, which it keeps. */
  zone: name,
  webPort: port,
  limits: z.strictObject({ total: z.int().min(1), perAddress: z.int().min(1) }),
  /** Where participants come in. `machine`: it gets its own certificate. `balancer`: TLS, if there is any, ends before it. */
  entrance: z.strictObject({
    host: name.optional(),
    tls: z.enum(['none', 'machine', 'balancer']),
    acmeEmail: z.email().optional(),
    trustedProxies: z.array(z.cidrv4()).default([]),
  }),
  /** The common store of several control planes; absent: memory. */
  storeUrl: z.url().optional(),
  /** The group that its autoscaler drives. */
  fleet: z.strictObject({ group: name, machineType: name, min: z.int().min(0), max: z.int().min(1) }),
});

const mediaNodePart = z.strictObject({
  secrets: z.strictObject({ cluster: name }),
  firstPort: port,
  rpcPort: port,
  workers: z.int().min(1).optional(),
  drain: z.strictObject({
    policy: z.enum(['migrate', 'wait-then-migrate']),
    maxWaitMinutes: z.int().min(1).optional(),
  }),
});

const turnServerPart = z.strictObject({
  secrets: z.strictObject({ cluster: name, turn: name }),
  port,
  tlsPort: port,
  relayPorts: z.strictObject({ first: port, last: port }),
  realm: name,
});

/**
 * What a machine is told when it is launched, written to `/etc/holdfast/launch.json` before its first service starts. It is
 * what its parts say: one machine may have all three. Each part has what that part needs and no more, because any
 * change makes a new generation of all machines that are told it. Whoever is on the machine can read it, so it names
 * secrets and holds none. What only the machine knows (its id, addresses, generation) the first boot asks the cloud.
 */
export const launchDescription = z
  .strictObject({
    stack: name,
    cloud: z.discriminatedUnion('kind', [aws]),
    /** Where the control plane is found; whoever plays that part keeps its own address under this name. */
    home: z.strictObject({ privateName: name, internalPort: port }),
    controlPlane: controlPlanePart.optional(),
    mediaNode: mediaNodePart.optional(),
    turnServer: turnServerPart.optional(),
  })
  .refine(({ controlPlane, mediaNode, turnServer }) => controlPlane ?? mediaNode ?? turnServer, {
    error: 'has no part: a machine is a control plane, a media node, a TURN server, or several',
  });
export type LaunchDescription = z.output<typeof launchDescription>;
/** What may be left out has a default. */
export type LaunchDescriptionInput = z.input<typeof launchDescription>;
