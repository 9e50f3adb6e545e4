import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf, dangers } from '../../cli/preview/changes.ts';
import { bundle, settings } from '../components/aws/recorded.ts';
import { openStack, type Stack, type Step } from './pulumi.ts';
import type { ProviderCall } from './recording-provider.ts';

const binary = process.env.HOLDFAST_PULUMI;
const group = 'aws:autoscaling/group:Group';
const hook = 'aws:autoscaling/lifecycleHook:LifecycleHook';
const template = 'aws:ec2/launchTemplate:LaunchTemplate';
const object = 'aws:s3/bucketObjectv2:BucketObjectv2';

const line = ({ type, name, ...what }: Step | ProviderCall) =>
  `${'op' in what ? what.op : what.method} ${type.split(':').at(-1)} ${name}`;
const lines = (list: readonly (Step | ProviderCall)[]) => list.map(line).sort();

/** Where in an order of calls the one is. */
function at(
  calls: readonly ProviderCall[],
  method: ProviderCall['method'],
  type: string,
  name: string,
): number {
  const index = calls.findIndex((call) => call.method === method && call.type === type && call.name === name);
  if (index < 0) throw new Error(`no ${method} of ${type} ${name} in ${calls.map(line).join(', ')}`);
  return index;
}

/** The life of one stack, step by step; each goes on from where the one before has left it. */
describe.skipIf(binary === undefined)('a stack on AWS in the real engine', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await openStack(binary ?? '', 'engine');
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const release = (content: string) => ({ ...bundle(content), machineImage: 'ami-0123456789abcdef0' });
  const single = settings('single');
  const elastic = settings('elastic');
  const newer = { ...single, release: release('a newer bundle') };

  it('refuses a phase that is not there yet, in one clear line and before anything is made', async () => {
    stack.configure(settings('ha'));
    const { code, output } = await stack.preview();
    expect(code).not.toBe(0);
    expect(output).toContain('holdfast:phase is ha, and control planes do not share a store yet');
    expect(output).toContain("pulumi config set 'holdfast:phase' 'elastic'");
  });

  it('is made with everything that a first machine needs before the first machine', async () => {
    stack.configure(single);
    const { code, output, calls } = await stack.up();
    expect(code, output).toBe(0);
    expect(new Set(calls.map(({ method }) => method))).toEqual(new Set(['create']));
    const machines = at(calls, 'create', group, 'media');
    for (const [type, name] of [
      ['aws:iam/rolePolicy:RolePolicy', 'media'],
      [object, `image-${single.release.sha256.slice(0, 12)}`],
      ['aws:ec2/route:Route', 'network-internet'],
      ['aws:ec2/routeTableAssociation:RouteTableAssociation', 'network-eu-central-1a'],
      ['aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule', 'network-media-out'],
      ['aws:secretsmanager/secret:Secret', 'secrets-cluster'],
      ['aws:ec2/eip:Eip', 'turn-1'],
    ] as const) {
      expect(at(calls, 'create', type, name), name).toBeLessThan(machines);
    }
    expect(output).toContain('https://meet.example.org');
  });

  it('has nothing to do a second time', async () => {
    const { code, output, calls } = await stack.up('--expect-no-changes');
    expect(code, output).toBe(0);
    expect(calls).toEqual([]);
  });

  it('gets a new bundle as a new generation: the group stays, and so does the old bundle', async () => {
    stack.configure(newer);
    const { steps, output } = await stack.preview();
    expect(lines(steps), output).toEqual([
      `create BucketObjectv2 image-${newer.release.sha256.slice(0, 12)}`,
      `delete BucketObjectv2 image-${single.release.sha256.slice(0, 12)}`,
      'update Group media',
      'update LaunchTemplate media',
    ]);
    const { code, calls } = await stack.up();
    expect(code).toBe(0);
    // Deleted from the state alone: machines of the old generation still start from it.
    expect(lines(calls)).toEqual([
      `create BucketObjectv2 image-${newer.release.sha256.slice(0, 12)}`,
      'update Group media',
      'update LaunchTemplate media',
    ]);
  });

  it('changes the heartbeat in place, though a changed initial hook would replace the group', async () => {
    stack.configure({ ...newer, drain: { patienceSeconds: 120 } });
    const { steps, output } = await stack.preview();
    expect(lines(steps), output).toEqual([
      'update Group media',
      'update LaunchTemplate media',
      'update LifecycleHook media-drain',
    ]);
  });

  it('takes a zone more, and in another order, without moving the subnets in use', async () => {
    stack.configure({
      ...newer,
      network: { zones: ['eu-central-1c', 'eu-central-1b', 'eu-central-1a'] },
    });
    const { steps, output } = await stack.preview();
    expect(lines(steps), output).toEqual([
      'create RouteTableAssociation network-eu-central-1c',
      'create Subnet network-eu-central-1c',
      'update Group media',
    ]);
  });

  it('refuses in the preview what would replace the network under meetings', async () => {
    stack.configure({ ...newer, network: { ...newer.network, cidr: '10.128.0.0/16' } });
    const { code, output } = await stack.preview();
    expect(code).not.toBe(0);
    expect(output).toContain('marked for protection');
  });

  it('moves to elastic without deleting or replacing anything', async () => {
    stack.configure({ ...elastic, release: newer.release });
    const { steps, output, code } = await stack.preview();
    expect(code, output).toBe(0);
    expect([...new Set(steps.map(({ op }) => op))].sort()).toEqual(['create', 'update']);
    expect(lines(steps.filter(({ op }) => op === 'update'))).toEqual([
      'update Group media',
      'update LaunchTemplate media',
      'update Record entrance',
      'update RolePolicy media',
    ]);
  });

  it('finishes an update that has failed half way', async () => {
    stack.provider.failNext('create', group);
    const failed = await stack.up();
    expect(failed.code).not.toBe(0);
    const { code, output, calls } = await stack.up();
    expect(code, output).toBe(0);
    expect(calls.filter(({ method }) => method === 'delete')).toEqual([]);
    const { steps } = await stack.preview();
    expect(steps).toEqual([]);
  });

  it('leaves the number of machines to the autoscaler', async () => {
    stack.configure({ ...elastic, release: newer.release, media: { ...elastic.media, initial: 7 } });
    const { code, steps } = await stack.preview();
    expect(code).toBe(0);
    expect(steps).toEqual([]);
  });

  it('changes the fleet’s size without a new generation of media nodes', async () => {
    stack.configure({ ...elastic, release: newer.release, media: { ...elastic.media, max: 40 } });
    const { steps, output } = await stack.preview();
    expect(lines(steps), output).toEqual([
      'update Group control-plane',
      'update Group media',
      'update LaunchTemplate control-plane',
    ]);
  });

  it('is not destroyed while it is protected', async () => {
    const { code, output, calls } = await stack.destroy();
    expect(code).not.toBe(0);
    expect(output).toMatch(/protect/);
    expect(calls).toEqual([]);
  });

  it('goes in the order in which drains work: media first, hooks with their groups, the rest after', async () => {
    stack.configure({ ...elastic, release: newer.release, protect: false });
    const open = await stack.up();
    expect(open.code, open.output).toBe(0);
    // Protection is the engine's own affair: nothing is touched in the cloud.
    expect(open.calls).toEqual([]);
    // Now the engine would do it; our own judgement of its plan still refuses.
    stack.configure({
      ...elastic,
      release: newer.release,
      protect: false,
      network: { ...elastic.network, cidr: '10.128.0.0/16' },
    });
    const plan = await stack.preview();
    expect(plan.code, plan.output).toBe(0);
    const ending = dangers(changesOf(JSON.parse(plan.json).steps));
    expect(ending).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          op: 'replace',
          name: 'network',
          note: expect.stringContaining('cidrBlock'),
        }),
        expect.objectContaining({ op: 'replace', name: 'network-eu-central-1a' }),
      ]),
    );
    const { code, output, calls } = await stack.destroy();
    expect(code, output).toBe(0);
    const gone = (type: string, name: string) => at(calls, 'delete', type, name);
    const media = gone(group, 'media');
    for (const [type, name] of [
      [group, 'control-plane'],
      [group, 'turn'],
      [template, 'media'],
      ['aws:iam/rolePolicy:RolePolicy', 'media'],
      ['aws:iam/rolePolicy:RolePolicy', 'control-plane'],
      ['aws:ec2/route:Route', 'network-internet'],
      ['aws:ec2/vpcEndpoint:VpcEndpoint', 'network-object-store'],
      [
        'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
        'network-media-from-everywhere-udp-40000',
      ],
      ['aws:secretsmanager/secret:Secret', 'secrets-cluster'],
      ['aws:route53/zone:Zone', 'control-plane'],
    ] as const) {
      expect(gone(type, name), `${type} ${name}`).toBeGreaterThan(media);
    }
    expect(gone('aws:ec2/eip:Eip', 'turn-1')).toBeGreaterThan(gone(group, 'turn'));
    const left = calls.filter(({ method, type }) => method === 'delete' && [hook, object].includes(type));
    expect(left).toEqual([]);
  });
});
