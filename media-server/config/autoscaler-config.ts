import { z } from 'zod';
import { carries } from './carries.ts';

const port = z.int().min(0).max(65_535);
const ms = z.number().min(0);

/** Where and as what a machine may be launched. */
const launchChoice = z.strictObject({
  machineType: z.string().min(1),
  /** mediasoup workers that such a machine runs. */
  workers: z.int().min(1).max(256),
  /** Absent: the cloud chooses. */
  zone: z.string().min(1).exactOptional(),
  market: z.enum(['on-demand', 'spot']).exactOptional(),
});

/** How many machines there are to be. */
export const scalingPolicy = z
  .strictObject({
    minNodes: z.int().min(0).default(1),
    maxNodes: z.int().min(1).default(16),
    /** Free workers at all times, in parts too: about so many large meetings can begin at once. */
    headroomWorkers: z.number().min(0).default(1),
    /** The meetings of the fullest machine must fit on the others. */
    surviveOneFailure: z.boolean().default(true),
    /** Beyond the headroom, what must be free for a machine to be given back: what keeps the fleet from swinging. */
    slackWorkers: z.number().min(0).default(1),
    /** How long a machine must have been surplus before it is given back, ms. */
    surplusForMs: ms.default(300_000),
    /** A machine younger than this is not given back, ms; and nothing is for so long after a launch. */
    graceMs: ms.default(300_000),
    /** A launch that has not arrived by then is given up, ms. */
    launchDeadlineMs: ms.default(600_000),
    /** A meeting announced for later is room that is needed from this long before its start, ms. */
    leadMs: ms.default(600_000),
    /** Machines that are launched with one decision, at most. */
    launchesAtOnce: z.int().min(1).default(10),
    /** Machines that may be drained at the same time. */
    drainsAtOnce: z.int().min(1).default(1),
    /** In this order they are tried. */
    choices: z.array(launchChoice).min(1, 'must say as what machines may be launched'),
    /** By machine type, for machines that are not there yet; those that are say it themselves. */
    carries: z.record(z.string(), carries).default({}),
    /** A choice, or a member, that has failed is left alone for so long, ms. */
    restMs: ms.default(600_000),
    /** What was observed longer ago is not known, ms. */
    staleAfterMs: ms.default(60_000),
  })
  .refine(({ minNodes, maxNodes }) => minNodes <= maxNodes, {
    path: ['maxNodes'],
    message: 'must not be less than minNodes',
  })
  .refine(({ choices }) => new Set(choices.map(nameOf)).size === choices.length, {
    path: ['choices'],
    message: 'must not name the same zone, type and market twice',
  });
export type ScalingPolicyInput = z.input<typeof scalingPolicy>;

/** How often the fleet is looked at, and how long a leader leads without a word. */
const INTERVAL_MS = { least: 100, most: 60_000 };
/** A leader must have several attempts to keep its lease. */
const LOOKS_IN_A_LEASE = 3;

export const autoscalerConfig = z
  .object({
    role: z.literal('autoscaler'),
    /** For people: where it runs. What tells it from all others that may lead is added to it. Default: the host's name. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be letters, digits, ".", "_" or "-"')
      .optional(),
    /** Health and metrics. */
    http: z.object({ host: z.string().default('127.0.0.1'), port: port.default(0) }).prefault({}),
    /** Addresses of the control plane's internal listener, ws(s)://HOST:PORT/internal/scaling; tried in turn. */
    controlPlane: z.object({ urls: z.array(z.url({ protocol: /^wss?$/ })).min(1) }),
    fleet: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('local'),
        /** Unix socket of the local cloud's group. */
        socket: z.string().min(1),
      }),
      z.object({
        kind: z.literal('aws'),
        region: z.string().min(1),
        /** Name of the Auto Scaling group. Its own minimum should be 0; the fleet's is the policy's. */
        group: z.string().min(1),
        /** What the group's launch template launches. */
        machine: z.object({
          type: z.string().min(1),
          market: z.enum(['on-demand', 'spot']).default('on-demand'),
          /** mediasoup workers; absent: one for each core that AWS says the type has. */
          workers: z.int().min(1).max(256).optional(),
        }),
        /** Another address than AWS's own, for tests and emulators. */
        endpoint: z.url().optional(),
      }),
    ]),
    policy: scalingPolicy,
    /** Plans and tells, and does nothing. */
    dryRun: z.boolean().default(false),
    intervalMs: z.number().min(INTERVAL_MS.least).max(INTERVAL_MS.most).default(5000),
    /** How long it leads after its last word, ms. */
    leaseMs: z.int().min(1000).max(600_000).default(20_000),
  })
  .refine(
    ({ fleet, policy }) =>
      fleet.kind !== 'aws' || policy.choices.some((each) => each.machineType === fleet.machine.type),
    {
      path: ['policy', 'choices'],
      message: 'must have what the group of the fleet launches',
    },
  )
  .refine(({ intervalMs, leaseMs }) => leaseMs >= LOOKS_IN_A_LEASE * intervalMs, {
    path: ['leaseMs'],
    message: `must be at least ${LOOKS_IN_A_LEASE} times intervalMs: a leader that is a little late would lose its lead`,
  });
export type AutoscalerConfig = z.output<typeof autoscalerConfig>;
/** What may be left out has a default. */
export type AutoscalerConfigInput = z.input<typeof autoscalerConfig>;

function nameOf({ machineType, zone, market }: z.output<typeof launchChoice>): string {
  return JSON.stringify([machineType, zone, market]);
}
