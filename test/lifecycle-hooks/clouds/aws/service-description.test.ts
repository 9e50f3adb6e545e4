import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsFleet } from './aws-fleet.ts';
import type { Exchange } from './fake-aws-api.ts';
import { parsedForm } from './query-protocol.ts';
import { findBotocore, ServiceDescription } from './service-description.ts';

const botocore = findBotocore();
if ('missing' in botocore)
  console.warn(`skipped: requests against AWS's own description: ${botocore.missing}`);

describe.skipIf('missing' in botocore)("what AWS's own description says of the fake", () => {
  let check: (exchange: Exchange) => readonly string[];
  let fleets: AwsFleet[];

  beforeAll(async () => {
    const path = 'path' in botocore ? botocore.path : '';
    const services = {
      autoscaling: new ServiceDescription(path, 'autoscaling'),
      ec2: new ServiceDescription(path, 'ec2'),
    };
    check = (exchange) => services[exchange.service].problems(exchange);
    fleets = [await everything({}), await everything({ zones: ['us-east-1a'], market: 'spot' })];
  });

  afterAll(async () => {
    for (const fleet of fleets) await fleet.close();
  });

  const exchanges = () => fleets.flatMap(({ api }) => api.exchanges);

  it('has nothing against any request of the driver, nor against any answer', () => {
    expect(exchanges().flatMap(check)).toEqual([]);
  });

  it('was asked about every call that the driver makes', () => {
    const actions = exchanges().map(({ action, status }) => `${action} ${status}`);
    expect([...new Set(actions)].toSorted()).toEqual([
      'CompleteLifecycleAction 200',
      'CompleteLifecycleAction 400',
      'DescribeAutoScalingGroups 200',
      'DescribeAutoScalingGroups 400',
      'DescribeAutoScalingGroups 500',
      'DescribeAutoScalingInstances 200',
      'DescribeInstanceRefreshes 200',
      'DescribeInstanceTypes 200',
      'DescribeInstances 200',
      'DescribeLifecycleHooks 200',
      'DescribeScalingActivities 200',
      'LaunchInstances 200',
      'RecordLifecycleActionHeartbeat 200',
      'SetDesiredCapacity 200',
      'TerminateInstanceInAutoScalingGroup 200',
      'TerminateInstanceInAutoScalingGroup 400',
      'TerminateInstanceInAutoScalingGroup 500',
    ]);
  });

  const wrong: Record<string, (right: Exchange) => Exchange> = {
    'a parameter that AWS does not know': (right) => ({
      ...right,
      form: parsedForm(`${new URLSearchParams([...right.form])}&Colour=red`),
    }),
    'a parameter that is missing': (right) => ({
      ...right,
      form: new Map([...right.form].filter(([name]) => name !== 'ShouldDecrementDesiredCapacity')),
    }),
    'a value of another type': (right) => ({
      ...right,
      form: new Map([...right.form, ['ShouldDecrementDesiredCapacity', 'perhaps']]),
    }),
    'a value that is too long': (right) => ({
      ...right,
      form: new Map([...right.form, ['InstanceId', 'i-00000000000000000000000']]),
    }),
    'an answer with something unknown': (right) => ({
      ...right,
      xml: right.xml.replace('<Activity>', '<Activity><Colour>red</Colour>'),
    }),
    'an answer without something that is always there': (right) => ({
      ...right,
      xml: right.xml.replace(/<Cause>.*<\/Cause>/, ''),
    }),
    'an answer with a state that AWS does not have': (right) => ({
      ...right,
      xml: right.xml.replace(/<StatusCode>.*<\/StatusCode>/, '<StatusCode>Sleeping</StatusCode>'),
    }),
    'an error of another operation': (right) => ({
      ...right,
      status: 400,
      xml: '<ErrorResponse><Error><Code>AlreadyExists</Code></Error></ErrorResponse>',
    }),
  };
  for (const [what, change] of Object.entries(wrong))
    it(`finds ${what}`, () => {
      const right = exchanges().find(
        ({ action, status }) => action === 'TerminateInstanceInAutoScalingGroup' && status === 200,
      );
      if (!right) throw new Error('there was no termination');
      expect(check(right)).toEqual([]);
      expect(check(change(right))).not.toEqual([]);
    });
});

/** A day on which each call is made, and fails in its ways. */
async function everything(options: Parameters<typeof AwsFleet.of>[0]): Promise<AwsFleet> {
  const fleet = await AwsFleet.of(options);
  const { driver, group, api, calls } = fleet;
  await driver.describe();
  await driver.grow({ to: 4, operationId: 'a' });
  await fleet.until('four', () => fleet.inState('InService').length === 4);
  group.launching = 'no-capacity';
  await driver.grow({ to: 5, operationId: 'b' }).catch(() => {});
  await fleet.pass(20_000);
  await driver.describe();
  const [first, second] = fleet.pair();
  for (const fault of ['throttled', 'contention'] as const) {
    api.fault = () => fault;
    await driver.describe().catch(() => {});
  }
  api.fault = (action) => (action.startsWith('Terminate') ? 'contention' : undefined);
  await driver.release(first).catch(() => {});
  api.fault = () => undefined;
  await driver.release(first);
  await calls.terminate(first, true).catch(() => {});
  const target = { group: group.name, hook: 'drain', instanceId: first };
  await calls.complete({ ...target, instanceId: second });
  await fleet.until('the hook', () => group.get(first).state === 'Terminating:Wait');
  await calls.heartbeat(target);
  await calls.hook(group.name, 'drain');
  await calls.lifecycleState(first);
  await calls.complete(target);
  await fleet.pass(20_000);
  await driver.describe();
  return fleet;
}
