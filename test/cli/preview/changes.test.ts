import { describe, expect, it } from 'vitest';
import { changesBetween, changesOf, dangers } from '../../../cli/preview/changes.ts';
import type { Graph, GraphResource } from '../../../cli/preview/graph.ts';

const resource = (
  type: string,
  name: string,
  inputs: object = {},
  more: Partial<GraphResource> = {},
): GraphResource => ({
  type: `aws:${type}`,
  name,
  parent: null,
  inputs: { ...inputs },
  protect: false,
  retained: false,
  ignored: [],
  ...more,
});
const graph = (...resources: GraphResource[]): Graph => ({
  stack: 'test',
  phase: 'elastic',
  assumed: [],
  resources,
});
const group = (name: string, inputs: object = {}, ignored: string[] = []) =>
  resource('autoscaling/group:Group', name, { protectFromScaleIn: true, ...inputs }, { ignored });
const template = (name: string, userData: string) =>
  resource('ec2/launchTemplate:LaunchTemplate', name, { userData });

describe('what a change does to running meetings', () => {
  it('nothing, where nothing differs', () => {
    const same = graph(group('media'), template('media', 'one'));
    expect(changesBetween(same, same)).toEqual([]);
  });

  it('a new template of machines that hold meetings rolls by drain', () => {
    const changes = changesBetween(
      graph(group('media'), template('media', 'one')),
      graph(group('media'), template('media', 'two')),
    );
    expect(changes).toMatchObject([
      { op: 'update', name: 'media', properties: ['userData'], effect: 'rolls by drain' },
    ]);
  });

  it('a new template of machines that hold none is not noticed', () => {
    const own = resource('autoscaling/group:Group', 'control-plane', { minSize: 1 });
    const changes = changesBetween(
      graph(own, template('control-plane', 'one')),
      graph(own, template('control-plane', 'two')),
    );
    expect(changes).toMatchObject([{ effect: 'none', note: expect.stringContaining('WebSockets resume') }]);
  });

  it.each([
    ['the name of a group', group('media', { name: 'a' }), group('media', { name: 'b' })],
    [
      'its first hooks',
      group('media', { initialLifecycleHooks: [1] }),
      group('media', { initialLifecycleHooks: [2] }),
    ],
    [
      'a hook’s name',
      resource('autoscaling/lifecycleHook:LifecycleHook', 'd', { name: 'a' }),
      resource('autoscaling/lifecycleHook:LifecycleHook', 'd', { name: 'b' }),
    ],
    [
      'a network’s addresses',
      resource('ec2/vpc:Vpc', 'n', { cidrBlock: 'a' }),
      resource('ec2/vpc:Vpc', 'n', { cidrBlock: 'b' }),
    ],
    [
      'a subnet’s zone',
      resource('ec2/subnet:Subnet', 's', { availabilityZone: 'a' }),
      resource('ec2/subnet:Subnet', 's', { availabilityZone: 'b' }),
    ],
  ])('%s replaces it: refused, with the property and the way round', (_, before, after) => {
    const changes = changesBetween(graph(before), graph(after));
    expect(dangers(changes)).toHaveLength(1);
    expect(changes[0]?.op).toBe('replace');
    expect(changes[0]?.note).toContain(
      `Changing ${changes[0]?.properties.join()} ends what it holds. Keep it as it is`,
    );
  });

  it('what the group ignores replaces nothing', () => {
    const ignored = ['initialLifecycleHooks', 'desiredCapacity'];
    const before = group('media', { initialLifecycleHooks: [1], desiredCapacity: 1 }, ignored);
    const after = group('media', { initialLifecycleHooks: [2], desiredCapacity: 7 }, ignored);
    expect(changesBetween(graph(before), graph(after))).toEqual([]);
  });

  it.each([
    ['autoscaling/group:Group', { protectFromScaleIn: true }, true],
    ['autoscaling/group:Group', {}, false],
    ['ec2/eip:Eip', {}, true],
    ['secretsmanager/secret:Secret', {}, true],
    ['lb/loadBalancer:LoadBalancer', {}, true],
    ['iam/role:Role', {}, false],
  ])('deleting %s %o ends meetings: %s', (type, inputs, ends) => {
    const changes = changesBetween(graph(resource(type, 'x', inputs)), graph());
    expect(changes[0]?.op).toBe('delete');
    expect(dangers(changes)).toHaveLength(ends ? 1 : 0);
  });

  it('what is left behind is no deletion', () => {
    const bundle = resource('s3/bucketObjectv2:BucketObjectv2', 'image', {}, { retained: true });
    expect(changesBetween(graph(bundle), graph())).toMatchObject([{ op: 'leave', effect: 'none' }]);
  });
});

describe('the engine’s plan', () => {
  const urn = (type: string, name: string) =>
    `urn:pulumi:test::holdfast::holdfast:aws:Network$aws:${type}::${name}`;

  it('is judged by the same rules', () => {
    const changes = changesOf([
      { op: 'same', urn: urn('ec2/vpc:Vpc', 'network') },
      {
        op: 'update',
        urn: urn('autoscaling/group:Group', 'media'),
        oldState: { inputs: { protectFromScaleIn: true } },
      },
      { op: 'update', urn: urn('ec2/launchTemplate:LaunchTemplate', 'media'), diffReasons: ['userData'] },
      { op: 'create', urn: urn('ec2/eip:Eip', 'turn-2') },
    ]);
    expect(changes.map(({ op, name, effect }) => [op, name, effect])).toEqual([
      ['update', 'media', 'none'],
      ['update', 'media', 'rolls by drain'],
      ['create', 'turn-2', 'none'],
    ]);
  });

  it('is refused where it replaces or deletes what holds meetings, protected or not', () => {
    const changes = changesOf([
      { op: 'create-replacement', urn: urn('ec2/vpc:Vpc', 'network') },
      {
        op: 'replace',
        urn: urn('ec2/vpc:Vpc', 'network'),
        diffReasons: ['cidrBlock', 'tags'],
        replaceReasons: ['cidrBlock'],
      },
      { op: 'delete-replaced', urn: urn('ec2/vpc:Vpc', 'network') },
      {
        op: 'delete',
        urn: urn('autoscaling/group:Group', 'media'),
        oldState: { inputs: { protectFromScaleIn: true } },
      },
    ]);
    expect(dangers(changes).map(({ op, name }) => [op, name])).toEqual([
      ['replace', 'network'],
      ['delete', 'media'],
    ]);
    expect(changes[0]?.note).toContain('Changing cidrBlock ends');
  });
});
