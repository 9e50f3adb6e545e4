import { readFileSync } from 'node:fs';
import { launchDescription } from '@holdfast/media-server/config/launch-description.ts';
import { type Output, output, type Resource } from '@pulumi/pulumi';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConferencingPlatform } from '../../../components/aws/conferencing-platform.ts';
import type { PlatformSettingsInput } from '../../../components/contract.ts';
import { bundle, count, type Recorded, record, settings, the } from './recorded.ts';

const phases = ['single', 'elastic', 'ha'] as const;
const group = 'aws:autoscaling/group:Group';
const template = 'aws:ec2/launchTemplate:LaunchTemplate';
const policy = 'aws:iam/rolePolicy:RolePolicy';

const platform = (given: PlatformSettingsInput, preview = false) =>
  record((options) => new ConferencingPlatform('conference', given, options), preview);

/** The usual settings of a phase, asked for once. */
const made = new Map<string, ReturnType<typeof platform>>();
function usual(phase: (typeof phases)[number], preview = false): ReturnType<typeof platform> {
  const key = `${phase} ${preview}`;
  const known = made.get(key) ?? platform(settings(phase), preview);
  made.set(key, known);
  return known;
}

/** What a machine of that group is told. */
function told(made: readonly Recorded[], name: string) {
  const { userData } = z.object({ userData: z.string() }).parse(the(made, template, name).inputs);
  const text = Buffer.from(userData, 'base64').toString();
  const json = /<<'LAUNCH'\n(.*?)\nLAUNCH\n/s.exec(text)?.[1] ?? '';
  return { text, launch: launchDescription.parse(JSON.parse(json)) };
}

const statements = z.object({
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Action: z.array(z.string()),
      Resource: z.array(z.string()),
      Condition: z.unknown().optional(),
    }),
  ),
});
function rights(made: readonly Recorded[], name: string) {
  const { policy: text } = z.object({ policy: z.string() }).parse(the(made, policy, name).inputs);
  return statements.parse(JSON.parse(text)).Statement;
}

const value = <T>(promised: Output<T>): Promise<T> =>
  new Promise((resolve) => void output(promised).apply((known) => resolve(known as T)));

/** The network, the bundle, the addresses and the secrets: the same in every phase. */
const base = {
  'holdfast:aws:ConferencingPlatform': 1,
  'holdfast:aws:Network': 1,
  'holdfast:aws:MediaServerImage': 1,
  'holdfast:aws:TurnFleet': 1,
  'holdfast:aws:PublicEndpoint': 1,
  'holdfast:aws:ControlPlane': 1,
  'holdfast:aws:MediaFleet': 1,
  'aws:ec2/vpc:Vpc': 1,
  'aws:ec2/internetGateway:InternetGateway': 1,
  'aws:ec2/routeTable:RouteTable': 1,
  'aws:ec2/route:Route': 1,
  'aws:ec2/vpcEndpoint:VpcEndpoint': 1,
  'aws:ec2/subnet:Subnet': 2,
  'aws:ec2/routeTableAssociation:RouteTableAssociation': 2,
  'aws:ec2/securityGroup:SecurityGroup': 4,
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': 4,
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': 16,
  'aws:s3/bucket:Bucket': 1,
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': 1,
  'aws:s3/bucketObjectv2:BucketObjectv2': 1,
  'aws:secretsmanager/secret:Secret': 3,
  'holdfast:aws:ClusterSecrets': 1,
  'aws:route53/zone:Zone': 1,
};
/** What each group of machines is made of. */
const machineGroups = (groups: number, drained: number) => ({
  'holdfast:aws:MachineGroup': groups,
  'holdfast:aws:DrainPolicy': drained,
  'aws:iam/role:Role': groups,
  'aws:iam/rolePolicy:RolePolicy': groups,
  'aws:iam/instanceProfile:InstanceProfile': groups,
  [template]: groups,
  [group]: groups,
  'aws:autoscaling/lifecycleHook:LifecycleHook': drained,
});
const balancer = {
  'aws:lb/loadBalancer:LoadBalancer': 1,
  'aws:lb/targetGroup:TargetGroup': 1,
  'aws:lb/listener:Listener': 2,
  'aws:acm/certificate:Certificate': 1,
  'aws:acm/certificateValidation:CertificateValidation': 1,
  'aws:route53/record:Record': 2,
};
const expected = {
  single: { ...base, ...machineGroups(1, 1), 'aws:ec2/eip:Eip': 1, 'aws:route53/record:Record': 1 },
  elastic: { ...base, ...machineGroups(3, 2), ...balancer, 'aws:ec2/eip:Eip': 2 },
  ha: {
    ...base,
    ...machineGroups(3, 2),
    ...balancer,
    'aws:ec2/eip:Eip': 2,
    'holdfast:aws:StateStore': 1,
    'aws:ec2/securityGroup:SecurityGroup': 5,
    'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': 17,
    'aws:elasticache/subnetGroup:SubnetGroup': 1,
    'aws:elasticache/user:User': 1,
    'aws:elasticache/userGroup:UserGroup': 1,
    'aws:elasticache/replicationGroup:ReplicationGroup': 1,
  },
};

describe.each(phases)('phase %s', (phase) => {
  it('is made of exactly these resources', async () => {
    const { made } = await usual(phase);
    expect(count(made)).toEqual(expected[phase]);
  });

  it('is the same in a preview, where nothing that the cloud computes is known', async () => {
    const { made } = await usual(phase, true);
    expect(count(made)).toEqual(expected[phase]);
    const media = the(made, group, 'media').inputs;
    expect(media).toMatchObject({ protectFromScaleIn: true, minSize: 0, name: 'holdfast-test-media' });
  });

  it('puts the stack’s tags on everything that can have some', async () => {
    const { made } = await usual(phase);
    const tagless =
      /:(Route|RouteTableAssociation|RolePolicy|LifecycleHook|BucketPublicAccessBlock|Record|CertificateValidation)$/;
    for (const { type, name, inputs } of made) {
      if (!type.startsWith('aws:') || tagless.test(type)) continue;
      const tags =
        type === group
          ? z
              .array(z.object({ key: z.string(), value: z.string(), propagateAtLaunch: z.literal(true) }))
              .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value])))
              .parse(inputs.tags)
          : inputs.tags;
      expect(tags, `${type} ${name}`).toMatchObject({ team: 'calls', 'holdfast:stack': 'holdfast-test' });
    }
  });

  it('tags what machines bring with them: volumes and interfaces too', async () => {
    const { made } = await usual(phase);
    for (const { inputs } of made.filter(({ type }) => type === template)) {
      const tags = expect.objectContaining({ team: 'calls', 'holdfast:stack': 'holdfast-test' });
      expect(inputs.tagSpecifications).toEqual([
        { resourceType: 'instance', tags },
        { resourceType: 'volume', tags },
        { resourceType: 'network-interface', tags },
      ]);
    }
  });

  it('gives every resource a parent within the platform', async () => {
    const { made } = await usual(phase);
    const orphans = made.filter(
      ({ type, options }) => type !== 'holdfast:aws:ConferencingPlatform' && options.parent === undefined,
    );
    expect(orphans).toEqual([]);
  });

  it('protects what holds meetings, unless it is told not to', async () => {
    const holding =
      /:(Vpc|Subnet|InternetGateway|RouteTable|Route|RouteTableAssociation|SecurityGroup|Eip|Secret|Zone|LifecycleHook|LoadBalancer|TargetGroup|Listener)$/;
    const drained = ({ type, name, inputs }: Recorded) =>
      (holding.test(type) && name !== 'store') ||
      (type.endsWith(':Record') && name === 'entrance') ||
      (type === group && inputs.protectFromScaleIn === true);
    const { made } = await usual(phase);
    for (const { type, name, options } of made.filter(drained)) {
      expect(options.protect, `${type} ${name}`).toBe(true);
    }
    const { made: open } = await platform(settings(phase, { protect: false }));
    for (const { type, name, options } of open)
      expect(options.protect ?? false, `${type} ${name}`).toBe(false);
  });

  it('names every resource that a policy can name', async () => {
    const { made } = await usual(phase);
    for (const { name } of made.filter(({ type }) => type === policy)) {
      for (const { Sid, Action, Resource } of rights(made, name)) {
        expect(Action.join(), `${name} ${Sid}`).not.toContain('*');
        if (!Resource.includes('*')) continue;
        for (const action of Action) expect(action).toMatch(/^(autoscaling|ec2):Describe/);
      }
    }
  });

  it('has no secret in what machines are told, and stays under EC2’s 16 KB', async () => {
    const { made } = await usual(phase);
    for (const { name } of made.filter(({ type }) => type === template)) {
      const { text } = told(made, name);
      expect(Buffer.byteLength(text)).toBeLessThan(8 * 1024);
      expect(text).not.toMatch(/TOKEN=|SIGNING_KEY|API_KEY|BEGIN [A-Z ]*PRIVATE KEY/);
    }
  });

  it('closes the metadata service to everybody but the machine itself, and the disk to everybody', async () => {
    const { made } = await usual(phase);
    for (const { inputs } of made.filter(({ type }) => type === template)) {
      expect(inputs).toMatchObject({
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [{ ebs: { encrypted: 'true' } }],
        imageId: 'ami-0123456789abcdef0',
      });
      expect(inputs).not.toHaveProperty('keyName');
    }
  });
});

describe('what protects meetings', () => {
  it('lets nobody but our release choose which machine goes', async () => {
    const { made } = await usual('elastic');
    for (const name of ['media', 'turn']) {
      expect(the(made, group, name).inputs).toMatchObject({
        protectFromScaleIn: true,
        suspendedProcesses: ['AZRebalance', 'InstanceRefresh'],
        capacityRebalance: false,
        healthCheckType: 'EC2',
        forceDelete: false,
        waitForCapacityTimeout: '0',
      });
      for (const killer of ['instanceRefresh', 'maxInstanceLifetime', 'warmPool', 'targetGroupArns']) {
        expect(the(made, group, name).inputs).not.toHaveProperty(killer);
      }
    }
  });

  it('keeps the cloud’s own minimum of the media fleet at 0, because a release at the minimum is refused', async () => {
    const { made } = await platform(
      settings('elastic', { media: { machineType: 'c7i.xlarge', min: 3, max: 9, initial: 4 } }),
    );
    expect(the(made, group, 'media').inputs).toMatchObject({ minSize: 0, maxSize: 9, desiredCapacity: 4 });
  });

  it('keeps as many TURN servers as there are addresses', async () => {
    const { made } = await usual('elastic');
    expect(the(made, group, 'turn').inputs).toMatchObject({ minSize: 2, maxSize: 2, desiredCapacity: 2 });
  });

  it('has the hook before the first machine, and again as a resource whose changes replace nothing', async () => {
    const { made } = await platform(settings('elastic', { drain: { patienceSeconds: 120 } }));
    const hook = {
      name: 'holdfast-drain',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      heartbeatTimeout: 120,
      defaultResult: 'CONTINUE',
    };
    for (const name of ['media', 'turn']) {
      const { inputs, options } = the(made, group, name);
      expect(inputs.initialLifecycleHooks).toEqual([hook]);
      expect(options.ignoreChanges).toEqual(['desiredCapacity', 'initialLifecycleHooks']);
      const separate = the(made, 'aws:autoscaling/lifecycleHook:LifecycleHook', `${name}-drain`);
      expect(separate.inputs).toEqual({ ...hook, autoscalingGroupName: `holdfast-test-${name}` });
      expect(separate.options.retainOnDelete).toBe(true);
      expect(told(made, name).launch.cloud.drainHook).toEqual({
        name: 'holdfast-drain',
        heartbeatSeconds: 120,
      });
    }
  });

  it('gives the deletion of a group the time of its drains', async () => {
    const { made } = await usual('elastic');
    expect(the(made, group, 'media').options.customTimeouts).toEqual({ delete: '180m' });
    const { made: patient } = await platform(
      settings('elastic', {
        drain: { policy: 'wait-then-migrate', maxWaitMinutes: 300, patienceSeconds: 600 },
      }),
    );
    expect(the(patient, group, 'media').options.customTimeouts).toEqual({ delete: '420m' });
  });

  it('launches from a template version that is a number', async () => {
    const { made } = await usual('elastic');
    expect(the(made, group, 'media').inputs.launchTemplate).toEqual({ id: 'media-id', version: '1' });
  });

  it('takes no transform that would let a group end meetings', async () => {
    const transform = { media: { group: (args: object) => ({ ...args, protectFromScaleIn: false }) } };
    const failing = record(
      (options) =>
        new ConferencingPlatform(
          'conference',
          {
            ...settings('elastic'),
            transform: {
              media: {
                group: (args) => ({ ...args, ...transform.media.group({}), maxInstanceLifetime: 86_400 }),
              },
            },
          },
          options,
        ),
    );
    await expect(failing).rejects.toThrow(
      /protectFromScaleIn must be true.*maxInstanceLifetime must not be set/s,
    );
  });

  it('takes a transform of anything else', async () => {
    const { made } = await record(
      (options) =>
        new ConferencingPlatform(
          'conference',
          {
            ...settings('elastic'),
            transform: { media: { template: (args) => ({ ...args, ebsOptimized: 'true' }) } },
          },
          options,
        ),
    );
    expect(the(made, template, 'media').inputs.ebsOptimized).toBe('true');
    expect(the(made, template, 'turn').inputs).not.toHaveProperty('ebsOptimized');
  });

  it('tells media nodes nothing that changes with the fleet’s size, which would roll all of them', async () => {
    const of = async (max: number) => {
      const { made } = await platform(
        settings('elastic', {
          media: { machineType: 'c7i.xlarge', min: 1, max, initial: 2 },
          limits: { connections: max },
        }),
      );
      return { media: told(made, 'media').text, controlPlane: told(made, 'control-plane').text };
    };
    const [few, many] = [await of(5), await of(50)];
    expect(few.media).toBe(many.media);
    expect(few.controlPlane).not.toBe(many.controlPlane);
  });

  it('moves to another phase without losing or renaming anything that holds meetings', async () => {
    const key = ({ type, name }: Recorded) => `${type} ${name}`;
    for (const [from, to] of [
      ['single', 'elastic'],
      ['elastic', 'ha'],
    ] as const) {
      const before = (await usual(from)).made.filter(({ options }) => options.protect === true);
      const after = new Map((await usual(to)).made.map((each) => [key(each), each]));
      expect(before.length).toBeGreaterThanOrEqual(20);
      for (const each of before) {
        const later = after.get(key(each));
        expect(later?.options.protect, `${key(each)} in ${to}`).toBe(true);
        expect(later?.inputs.name, `name of ${key(each)}`).toEqual(each.inputs.name);
      }
    }
  });

  it('leaves the firewall as it is when the phase changes: tracked or not, no flow is cut', async () => {
    const rules = async (phase: (typeof phases)[number]) =>
      (await usual(phase)).made
        .filter(({ type, name }) => type.includes('Rule') && !name.startsWith('store'))
        .map(({ name, inputs }) => [name, inputs]);
    expect(await rules('elastic')).toEqual(await rules('single'));
    expect(await rules('ha')).toEqual(await rules('single'));
  });
});

describe('parts on machines', () => {
  it('single: one machine is control plane, media node and TURN server, behind a fixed address', async () => {
    const { made } = await usual('single');
    const { launch } = told(made, 'media');
    expect(Object.keys(launch)).toEqual(expect.arrayContaining(['controlPlane', 'mediaNode', 'turnServer']));
    expect(launch.cloud.fixedAddresses).toEqual(['eipalloc-turn-1']);
    expect(launch.controlPlane?.entrance).toMatchObject({ tls: 'machine', host: 'meet.example.org' });
    expect(launch.controlPlane?.webPort).toBe(443);
    expect(launch.turnServer?.tlsPort).toBe(5349);
    expect(the(made, 'aws:route53/record:Record', 'entrance').inputs).toMatchObject({
      type: 'A',
      name: 'meet.example.org',
      records: ['203.0.113.7'],
    });
    expect(the(made, template, 'media').inputs.networkInterfaces).toMatchObject([
      { securityGroups: ['entrance', 'control-plane', 'media', 'turn'].map((role) => `network-${role}-id`) },
    ]);
    // A roll-out of one machine needs a second for a while.
    expect(the(made, group, 'media').inputs).toMatchObject({ desiredCapacity: 1, maxSize: 2 });
  });

  it('elastic: each machine has its own part and no secret of another', async () => {
    const { made } = await usual('elastic');
    const media = told(made, 'media').launch;
    expect(media.mediaNode?.secrets).toEqual({ cluster: 'secrets-cluster-0a1b2c3' });
    expect([media.controlPlane, media.turnServer]).toEqual([undefined, undefined]);
    expect(media.cloud.fixedAddresses).toEqual([]);
    const turn = told(made, 'turn').launch;
    expect(turn.turnServer).toMatchObject({
      secrets: { cluster: 'secrets-cluster-0a1b2c3', turn: 'secrets-turn-0a1b2c3' },
      tlsPort: 443,
    });
    expect([turn.controlPlane, turn.mediaNode]).toEqual([undefined, undefined]);
    const control = told(made, 'control-plane').launch;
    expect(control.controlPlane).toMatchObject({
      fleet: { group: 'holdfast-test-media', min: 1, max: 10 },
      entrance: { tls: 'balancer', trustedProxies: ['10.64.0.0/16'] },
    });
    expect([control.mediaNode, control.turnServer, control.cloud.drainHook]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('elastic: the control plane is replaced by AWS, the new one first, and stands behind the balancer', async () => {
    const { made } = await usual('elastic');
    const { inputs, options } = the(made, group, 'control-plane');
    expect(inputs).toMatchObject({
      minSize: 1,
      maxSize: 2,
      healthCheckType: 'ELB',
      targetGroupArns: ['arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/entrance/1'],
      instanceRefresh: { preferences: { minHealthyPercentage: 100, maxHealthyPercentage: 200 } },
    });
    expect(options.protect).toBe(false);
    expect(the(made, 'aws:lb/loadBalancer:LoadBalancer', 'entrance').inputs.idleTimeout).toBe(300);
  });

  it('spotShare: the first machine is on demand, of the others so many are Spot', async () => {
    const { made } = await platform(
      settings('elastic', { media: { machineType: 'c7i.xlarge', max: 10, spotShare: 0.75 } }),
    );
    const { inputs } = the(made, group, 'media');
    expect(inputs).not.toHaveProperty('launchTemplate');
    expect(inputs.mixedInstancesPolicy).toMatchObject({
      instancesDistribution: { onDemandBaseCapacity: 1, onDemandPercentageAboveBaseCapacity: 25 },
      launchTemplate: { launchTemplateSpecification: { launchTemplateId: 'media-id', version: '1' } },
    });
  });

  it('each role may do its own part and no more', async () => {
    const { made } = await usual('elastic');
    const can = (name: string) =>
      rights(made, name)
        .flatMap(({ Action }) => Action)
        .sort();
    expect(can('media')).toEqual([
      'autoscaling:CompleteLifecycleAction',
      'autoscaling:DescribeAutoScalingInstances',
      'autoscaling:DescribeLifecycleHooks',
      'autoscaling:RecordLifecycleActionHeartbeat',
      's3:GetObject',
      'secretsmanager:GetSecretValue',
    ]);
    expect(can('turn')).toEqual([
      'autoscaling:CompleteLifecycleAction',
      'autoscaling:DescribeAutoScalingInstances',
      'autoscaling:DescribeLifecycleHooks',
      'autoscaling:RecordLifecycleActionHeartbeat',
      'ec2:AssociateAddress',
      'ec2:AssociateAddress',
      'ec2:DescribeAddresses',
      's3:GetObject',
      'secretsmanager:GetSecretValue',
      'secretsmanager:GetSecretValue',
    ]);
    const hold = rights(made, 'media').find(({ Sid }) => Sid === 'HoldOwnTermination');
    expect(hold?.Resource).toEqual([
      'arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:*:autoScalingGroupName/holdfast-test-media',
    ]);
    const drive = rights(made, 'control-plane').find(({ Sid }) => Sid === 'DriveFleets');
    expect(drive?.Resource).toEqual(hold?.Resource);
    const secrets = rights(made, 'media').find(({ Sid }) => Sid === 'ReadClusterSecret');
    expect(secrets?.Resource).toEqual([
      'arn:aws:secretsmanager:eu-central-1:123456789012:secret:secrets-cluster-0a1b2c3',
    ]);
  });
});

/** What our own code sends to AWS, as read from it. */
function sent(file: string, service: string): string[] {
  const source = readFileSync(
    new URL(`../../../lifecycle-hooks/clouds/aws/${file}`, import.meta.url),
    'utf8',
  );
  return [...source.matchAll(/new sdk\.([A-Za-z]+)Command\(/g)].map(
    ([, operation]) => `${service}:${operation}`,
  );
}

it('whatever our processes send to AWS, their machines may send, and no more of it', async () => {
  const { made } = await usual('elastic');
  const may = new Set(
    ['media', 'control-plane', 'turn'].flatMap((name) => rights(made, name).flatMap(({ Action }) => Action)),
  );
  const all = [
    ...sent('auto-scaling-api.ts', 'autoscaling'),
    ...sent('ec2-api.ts', 'ec2'),
    ...sent('name-api.ts', 'route53'),
    ...sent('secret-api.ts', 'secretsmanager'),
  ];
  expect(all.length).toBeGreaterThan(12);
  expect([...may].filter((action) => action !== 's3:GetObject').sort()).toEqual(all.sort());
});

describe('names and certificates', () => {
  it('single without a domain listens where the firewall lets browsers in', async () => {
    const { made } = await platform(settings('single', { domain: undefined }));
    const { launch } = told(made, 'media');
    expect(launch.controlPlane).toMatchObject({ webPort: 80, entrance: { tls: 'none' } });
    const open = the(
      made,
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      'network-entrance-from-everywhere-tcp-80',
    );
    expect(open.inputs).toMatchObject({ fromPort: 80, toPort: 80, cidrIpv4: '0.0.0.0/0' });
  });

  it('behind the load balancer a control plane takes every name, because health checks call it by its address', async () => {
    const { made } = await usual('elastic');
    const { launch } = told(made, 'control-plane');
    expect(launch.controlPlane?.entrance.host).toBeUndefined();
    const targets = the(made, 'aws:lb/targetGroup:TargetGroup', 'entrance').inputs;
    expect(launch.controlPlane?.webPort).toBe(targets.port);
    expect(targets.healthCheck).toMatchObject({ path: '/readyz' });
  });

  it('comes up without a domain, and says what does not work', async () => {
    for (const phase of phases) {
      const { made, root } = await platform(settings(phase, { domain: undefined }));
      expect(await value(root.url)).toMatch(/^http:\/\//);
      expect(await value(root.notices)).toEqual([expect.stringContaining('holdfast:domain.name')]);
      expect(made.some(({ type }) => /acm|Record$/.test(type))).toBe(false);
    }
  });

  it('says which record to make where the zone is not the cloud’s', async () => {
    const { root } = await platform(
      settings('elastic', { domain: { name: 'meet.example.org', certificateId: 'arn:aws:acm:…' } }),
    );
    expect(await value(root.url)).toBe('https://meet.example.org');
    expect(await value(root.notices)).toEqual([
      'Make a DNS record that leads meet.example.org to entrance.eu-central-1.elb.amazonaws.com.',
    ]);
  });

  it('gives what every cloud gives', async () => {
    const { root } = await usual('elastic');
    expect(await value(root.url)).toBe('https://meet.example.org');
    expect(await value(root.turnAddresses)).toEqual(['203.0.113.7', '203.0.113.7']);
    expect(await value(root.mediaFleet)).toEqual({
      cloud: 'aws',
      place: 'eu-central-1',
      name: 'holdfast-test-media',
    });
    expect(await value(root.credentials)).toBe('secrets-own-0a1b2c3');
    expect((await value(root.dashboards)).mediaFleet).toContain('holdfast-test-media');
  });
});

describe('the image', () => {
  it('is a new object for a new bundle, and the old one stays for the old generation', async () => {
    const object = 'aws:s3/bucketObjectv2:BucketObjectv2';
    const found = async (content: string) => {
      const { made } = await platform(
        settings('single', { release: { ...bundle(content), machineImage: 'ami-0123456789abcdef0' } }),
      );
      const [one] = made.filter(({ type }) => type === object);
      return one;
    };
    const [old, next] = [await found('one'), await found('another')];
    expect(old?.name).not.toBe(next?.name);
    expect(old?.inputs.key).toBe(`release/${bundle('one').sha256}`);
    expect(old?.options.retainOnDelete).toBe(true);
  });

  it('is refused when the file is not the one that was meant', async () => {
    const release = { ...bundle('one'), sha256: 'f'.repeat(64), machineImage: 'ami-0123456789abcdef0' };
    await expect(platform(settings('single', { release }))).rejects.toThrow(
      `pulumi config set --path holdfast:release.sha256 ${bundle('one').sha256}`,
    );
  });

  it('is refused when the file is not there', async () => {
    const release = { bundle: '/nowhere', sha256: 'f'.repeat(64), machineImage: 'ami-0123456789abcdef0' };
    await expect(platform(settings('single', { release }))).rejects.toThrow(
      /holdfast:release.bundle names \/nowhere, which cannot be read/,
    );
  });
});

it('whatever holds machines goes before what they need to drain', async () => {
  const { made } = await usual('elastic');
  const needs = the(made, group, 'media').options.dependsOn;
  const list = z.array(z.custom<Resource>()).parse(needs);
  // Each is waited for by the engine; a component stands for all that is in it.
  const kinds = list.map((each) => each.constructor.name);
  expect(kinds).toEqual(
    expect.arrayContaining([
      'RolePolicy',
      'Route',
      'VpcEndpoint',
      'RouteTableAssociation',
      'SecurityGroupEgressRule',
      'SecurityGroupIngressRule',
      'BucketObjectv2',
      'ControlPlane',
      'TurnFleet',
    ]),
  );
});
