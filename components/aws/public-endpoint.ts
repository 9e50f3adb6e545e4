import { Certificate } from '@pulumi/aws/acm/certificate.js';
import { CertificateValidation } from '@pulumi/aws/acm/certificateValidation.js';
import { Listener } from '@pulumi/aws/lb/listener.js';
import { LoadBalancer, type LoadBalancerArgs } from '@pulumi/aws/lb/loadBalancer.js';
import { TargetGroup } from '@pulumi/aws/lb/targetGroup.js';
import { Record } from '@pulumi/aws/route53/record.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
} from '@pulumi/pulumi';
import type { PlatformSettings, Tags } from '../contract.ts';
import { ports } from '../ports.ts';
import { tagsOf } from './naming.ts';
import { type Transform, transformed } from './transform.ts';

/** What answers behind the name. */
export type Entrance =
  /** A machine at a fixed address, which gets its own certificate. */
  | { kind: 'machine'; address: Input<string> }
  /** A load balancer that ends TLS and knows several control planes. */
  | {
      kind: 'balancer';
      vpcId: Input<string>;
      subnetIds: Input<Input<string>[]>;
      securityGroupId: Input<string>;
    };

export interface PublicEndpointArgs {
  domain?: PlatformSettings['domain'] | undefined;
  entrance: Entrance;
  /** Whether the engine refuses to delete or replace what participants come in by. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
  transform?: { balancer?: Transform<LoadBalancerArgs> } | undefined;
}

/** WebSockets are pinged every 25 s; the cut must come later than some lost pings. */
const IDLE_SECONDS = 300;
/** Control planes move their participants' WebSockets themselves before they stop. */
const DEREGISTRATION_SECONDS = 20;

/**
 * Where participants come in: the name, the certificate and, above phase `single`, the load balancer. Without a domain it
 * comes up all the same and says what does not work.
 *
 * Costs: the balancer $0.0225/h and about $0.008/h of use; certificate nothing; records nothing worth naming.
 *
 * ```ts
 * new PublicEndpoint('entrance', {
 *   domain: { name: 'meet.example.org', zoneId: 'Z0123456789ABCDEFGHIJ', acmeEmail: 'operations@example.org' },
 *   entrance: { kind: 'machine', address: turn.addresses.apply(([first = '']) => first) },
 * });
 * ```
 */
export class PublicEndpoint extends ComponentResource {
  readonly url: Output<string>;
  /** What a control plane's group registers with; empty without a load balancer. */
  readonly targetGroupArns: Output<string[]>;
  readonly notices: Output<string[]>;

  constructor(name: string, args: PublicEndpointArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:PublicEndpoint', name, {}, options);
    const made =
      args.entrance.kind === 'machine'
        ? this.#machine(name, args, args.entrance.address)
        : this.#balancer(name, args, args.entrance);
    const { domain } = args;
    this.targetGroupArns = output(made.targetGroupArns);
    this.url = domain ? output(`https://${domain.name}`) : interpolate`http://${made.host}`;
    this.notices = output(made.host).apply((host) => notices(domain, host));
    this.registerOutputs({ url: this.url, notices: this.notices });
  }

  #machine(name: string, { domain, protect = true }: PublicEndpointArgs, address: Input<string>) {
    if (domain?.zoneId !== undefined) {
      new Record(
        name,
        { zoneId: domain.zoneId, name: domain.name, type: 'A', ttl: 60, records: [address] },
        { parent: this, protect },
      );
    }
    return { host: address, targetGroupArns: [] };
  }

  #balancer(
    name: string,
    { domain, tags: more, transform, protect = true }: PublicEndpointArgs,
    entrance: Extract<Entrance, { kind: 'balancer' }>,
  ) {
    const kept = { parent: this, protect };
    const tags = tagsOf(name, more);
    const balancer = new LoadBalancer(
      name,
      transformed(transform?.balancer, {
        loadBalancerType: 'application',
        subnets: entrance.subnetIds,
        securityGroups: [entrance.securityGroupId],
        idleTimeout: IDLE_SECONDS,
        dropInvalidHeaderFields: true,
        tags,
      }),
      kept,
    );
    const targets = new TargetGroup(
      name,
      {
        vpcId: entrance.vpcId,
        port: ports.web,
        protocol: 'HTTP',
        targetType: 'instance',
        deregistrationDelay: DEREGISTRATION_SECONDS,
        healthCheck: {
          path: '/readyz',
          interval: 10,
          timeout: 5,
          healthyThreshold: 2,
          unhealthyThreshold: 3,
        },
        tags,
      },
      kept,
    );
    const forward = [{ type: 'forward', targetGroupArn: targets.arn }];
    const listeners = domain
      ? [
          new Listener(
            `${name}-https`,
            {
              loadBalancerArn: balancer.arn,
              port: ports.https,
              protocol: 'HTTPS',
              sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
              certificateArn: domain.certificateId ?? this.#certificate(name, domain, tags),
              defaultActions: forward,
              tags,
            },
            kept,
          ),
          new Listener(
            `${name}-http`,
            {
              loadBalancerArn: balancer.arn,
              port: ports.http,
              protocol: 'HTTP',
              defaultActions: [
                {
                  type: 'redirect',
                  redirect: { port: String(ports.https), protocol: 'HTTPS', statusCode: 'HTTP_301' },
                },
              ],
              tags,
            },
            kept,
          ),
        ]
      : [
          new Listener(
            `${name}-http`,
            {
              loadBalancerArn: balancer.arn,
              port: ports.http,
              protocol: 'HTTP',
              defaultActions: forward,
              tags,
            },
            kept,
          ),
        ];
    if (domain?.zoneId !== undefined) {
      new Record(
        name,
        {
          zoneId: domain.zoneId,
          name: domain.name,
          type: 'A',
          aliases: [{ name: balancer.dnsName, zoneId: balancer.zoneId, evaluateTargetHealth: false }],
        },
        kept,
      );
    }
    // A group may only be registered once a listener uses it.
    const arn = output({ arn: targets.arn, listeners: listeners.map(({ arn }) => arn) }).apply(
      (known) => known.arn,
    );
    return { host: balancer.dnsName, targetGroupArns: [arn] };
  }

  #certificate(
    name: string,
    domain: NonNullable<PlatformSettings['domain']>,
    tags: { [key: string]: string },
  ) {
    const inside = { parent: this };
    const certificate = new Certificate(
      name,
      { domainName: domain.name, validationMethod: 'DNS', tags },
      inside,
    );
    const proof = certificate.domainValidationOptions.apply(([first]) => {
      if (!first) throw new Error(`AWS asks for no proof that ${domain.name} is yours`);
      return first;
    });
    const record = new Record(
      `${name}-proof`,
      {
        zoneId: domain.zoneId ?? '',
        name: proof.apply(({ resourceRecordName }) => resourceRecordName),
        type: proof.apply(({ resourceRecordType }) => resourceRecordType),
        records: [proof.apply(({ resourceRecordValue }) => resourceRecordValue)],
        ttl: 60,
        allowOverwrite: true,
      },
      inside,
    );
    return new CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      inside,
    ).certificateArn;
  }
}

/** What does not work yet, and what to add. */
function notices(domain: PlatformSettings['domain'], host: string): string[] {
  if (!domain) {
    return [
      `Without a domain there is no TLS, and browsers allow camera and microphone on http only from localhost. ` +
        `Add one: pulumi config set --path 'holdfast:domain.name' meet.example.org`,
    ];
  }
  if (domain.zoneId !== undefined) return [];
  return [`Make a DNS record that leads ${domain.name} to ${host}.`];
}
