import type { Output } from '@pulumi/pulumi';
import { z } from 'zod';

/**
 * What every cloud's `ConferencingPlatform` takes and gives. A stack's configuration is this and nothing else, so moving it
 * to another cloud means other machine types and another image, not another language. What a cloud cannot do is in its
 * `CloudTraits`, and asking for it is refused before anything is made.
 *
 * Every field says what it is for, and has an example unless that depends on the cloud: errors and the editor's help are made
 * of both.
 */

/** How much of the platform is deployed. A stack moves up without ending a meeting. */
export const phases = ['single', 'elastic', 'ha'] as const;

const hostName = z
  .string()
  .max(253)
  .regex(/^(?=.*\.)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/, {
    error: 'is no host name in lower case, as "meet.example.org"',
  });

const machineType = z.string().min(1).meta({ description: 'Machine type, as the cloud calls it' });
const diskGb = z.int().min(8).max(1024);

const media = z.strictObject({
  machineType: machineType,
  min: z
    .int()
    .min(0)
    .max(500)
    .default(1)
    .meta({ description: 'The autoscaler keeps at least so many', examples: [1] }),
  max: z
    .int()
    .min(1)
    .max(500)
    .default(1)
    .meta({ description: 'And at most so many', examples: [10] }),
  initial: z
    .int()
    .min(0)
    .max(500)
    .optional()
    .meta({
      description:
        'So many are launched with a new stack; later their number is the autoscaler’s. Default: min',
      examples: [2],
    }),
  diskGb: diskGb.default(20).meta({ description: 'Size of the disk, GB', examples: [20] }),
  spotShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta({
      description:
        'Share of machines above the first that are Spot or preemptible; their meetings move when they go',
      examples: [0.5],
    }),
  workers: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .meta({
      description: 'mediasoup workers of a machine. Default: one a core',
      examples: [4],
    }),
});

const controlPlane = z.strictObject({
  machineType: machineType.optional().meta({
    description: 'Machine type of the control plane; in phase single it shares the media machine',
  }),
  replicas: z
    .int()
    .min(1)
    .max(9)
    .default(1)
    .meta({
      description: 'Control planes; more than one needs phase ha',
      examples: [2],
    }),
  diskGb: diskGb.default(12).meta({ description: 'Size of the disk, GB', examples: [12] }),
});

const turn = z.strictObject({
  machineType: machineType.optional().meta({
    description: 'Machine type of the TURN servers; in phase single they share the media machine',
  }),
  servers: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .meta({
      description: 'TURN servers, each with a fixed address',
      examples: [2],
    }),
  diskGb: diskGb.default(10).meta({ description: 'Size of the disk, GB', examples: [10] }),
});

const stateStore = z.strictObject({
  machineType: machineType.optional().meta({
    description: 'Node type of the managed store of phase ha',
  }),
});

const domain = z.strictObject({
  name: hostName.meta({ description: 'Where participants go', examples: ['meet.example.org'] }),
  zoneId: z.string().min(1).optional().meta({
    description: 'The cloud’s DNS zone that holds the name. Without it you make the records yourself',
  }),
  certificateId: z.string().min(1).optional().meta({
    description: 'A certificate the cloud already has for this name. Without it one is asked for',
  }),
  acmeEmail: z
    .email()
    .optional()
    .meta({
      description:
        'Whom the certificate authority writes to, where the machine itself asks for the certificate',
      examples: ['operations@example.org'],
    }),
});

const drain = z.strictObject({
  policy: z
    .enum(['migrate', 'wait-then-migrate'])
    .default('migrate')
    .meta({
      description: 'Move meetings at once, or let short ones end by themselves first',
      examples: ['migrate'],
    }),
  maxWaitMinutes: z
    .int()
    .min(1)
    .max(2880)
    .optional()
    .meta({
      description: 'With wait-then-migrate: how long a meeting may end by itself',
      examples: [30],
    }),
  patienceSeconds: z
    .int()
    .min(1)
    .max(7200)
    .default(300)
    .meta({
      description: 'How long the cloud waits for a machine that says nothing while it drains',
      examples: [300],
    }),
});

const network = z.strictObject({
  cidr: z
    .cidrv4()
    .default('10.64.0.0/16')
    .meta({ description: 'Private addresses of the network', examples: ['10.64.0.0/16'] }),
  zones: z.array(z.string().min(1)).max(16).default([]).meta({
    description: 'Zones, as the cloud calls them; named, never looked up, so that none changes by itself',
  }),
});

const limits = z.strictObject({
  connections: z
    .int()
    .min(1)
    .max(200_000)
    .default(20_000)
    .meta({
      description: 'WebSockets of participants that one control plane takes',
      examples: [20_000],
    }),
  connectionsPerAddress: z
    .int()
    .min(1)
    .max(200_000)
    .default(2000)
    .meta({
      description: 'Of these from one address, which may be a whole campus',
      examples: [2000],
    }),
});

const release = z.strictObject({
  bundle: z
    .string()
    .min(1)
    .meta({
      description: 'The release bundle, a file; made by `npm run bundle`',
      examples: ['dist/holdfast-release.tar.gz'],
    }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'is no SHA-256 checksum: 64 hexadecimal digits in lower case' })
    .meta({
      description: 'Checksum of the bundle; machines refuse any other content',
      examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    }),
  machineImage: z.string().min(1).meta({
    description: 'Stock Debian image the machines boot from: one id, never a name that moves',
  }),
});

export const platformSettings = z.strictObject({
  phase: z.enum(phases).meta({
    description:
      'single: one machine does it all. elastic: media fleet with autoscaler. ha: nothing is single',
    examples: ['single'],
  }),
  release,
  media,
  controlPlane: controlPlane.prefault({}),
  turn: turn.prefault({}),
  stateStore: stateStore.prefault({}),
  domain: domain.optional(),
  drain: drain.prefault({}),
  network: network.prefault({}),
  limits: limits.prefault({}),
  tags: z
    .record(z.string(), z.string())
    .default({})
    .meta({
      description: 'Put on everything that is made',
      examples: [{ 'cost-centre': 'conferencing' }],
    }),
  protect: z
    .boolean()
    .default(true)
    .meta({
      description: 'Whether the engine refuses to delete or replace what holds meetings',
      examples: [true],
    }),
});
export type PlatformSettings = z.output<typeof platformSettings>;
/** What may be left out has a default. */
export type PlatformSettingsInput = z.input<typeof platformSettings>;

/** The clouds a stack can name. */
export const cloudNames = ['aws', 'azure', 'gcp', 'digitalocean'] as const;
export type CloudName = (typeof cloudNames)[number];

/** What tells one group of machines from all others; the autoscaler's driver is made of it. */
export interface FleetIdentity {
  readonly cloud: CloudName;
  /** Where the group is: a region, or a region and a resource group. */
  readonly place: string;
  readonly name: string;
}

/** What a platform gives, the same on every cloud. */
export interface PlatformOutputs {
  /** Where participants go. https needs a domain. */
  readonly url: Output<string>;
  /** What does not work with this configuration, and what to add; empty when all does. */
  readonly notices: Output<string[]>;
  /** Public addresses of the TURN servers; each serves UDP, TCP and, with a certificate, TLS. */
  readonly turnAddresses: Output<string[]>;
  readonly mediaFleet: Output<FleetIdentity>;
  /** Name → URL of a page that shows how it goes. */
  readonly dashboards: Output<Record<string, string>>;
  /** Where the API key and the operator's token are kept: the name of a secret, never its value. */
  readonly credentials: Output<string>;
}

/** A platform of any cloud. */
export interface Platform extends PlatformOutputs {
  readonly urn: Output<string>;
}

/** Tags of a resource: plain, so that they are checked before anything is made. */
export type Tags = Readonly<Record<string, string>>;
