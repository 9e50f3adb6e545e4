import { describe, expect, it } from 'vitest';
import { monthlyCost, total } from '../../../cli/preview/cost.ts';
import type { Graph, GraphResource } from '../../../cli/preview/graph.ts';

const none = { participants: 0, hours: 0, mbit: 0, relayedPercent: 0 };
const resource = (type: string, name: string, inputs: Record<string, unknown> = {}): GraphResource => ({
  type: `aws:${type}`,
  name,
  parent: null,
  inputs,
  protect: false,
  retained: false,
  ignored: [],
});
const graph = (...resources: GraphResource[]): Graph => ({
  stack: 'test',
  phase: 'elastic',
  assumed: [],
  resources,
});
const fleet = (count: number, instanceType: string, mixed?: object) => [
  resource('autoscaling/group:Group', 'media', {
    desiredCapacity: count,
    ...(mixed ? { mixedInstancesPolicy: { instancesDistribution: mixed } } : {}),
  }),
  resource('ec2/launchTemplate:LaunchTemplate', 'media', {
    instanceType,
    blockDeviceMappings: [{ ebs: { volumeSize: 20 } }],
  }),
];
const monthly = (found: ReturnType<typeof monthlyCost>, what: RegExp) =>
  found.filter((line) => what.test(line.what)).reduce((sum, line) => sum + (line.monthly ?? Number.NaN), 0);

describe('a month’s cost', () => {
  it('counts machines by the hour, with their disks and addresses', () => {
    const costs = monthlyCost(graph(...fleet(2, 'c7i.xlarge')), none);
    expect(monthly(costs, /c7i/)).toBeCloseTo(2 * 730 * 0.1785);
    expect(monthly(costs, /disks/)).toBeCloseTo(2 * (20 * 0.08 + 730 * 0.005));
  });

  it('counts the Spot share above the first machine at half the price', () => {
    const mixed = { onDemandBaseCapacity: 1, onDemandPercentageAboveBaseCapacity: 50 };
    const costs = monthlyCost(graph(...fleet(5, 'c7i.xlarge', mixed)), none);
    // One and two on demand, two of Spot.
    expect(monthly(costs, /c7i/)).toBeCloseTo((3 + 2 * 0.5) * 730 * 0.1785);
  });

  it('says that it does not know a price, and does not take it for nothing', () => {
    const costs = monthlyCost(graph(...fleet(1, 'x9z.huge')), none);
    expect(costs[0]?.monthly).toBeNull();
    expect(total(costs).complete).toBe(false);
  });

  it('adds traffic above what is free, by what is assumed', () => {
    const costs = monthlyCost(graph(), { participants: 10, hours: 100, mbit: 2, relayedPercent: 0 });
    expect(monthly(costs, /traffic/)).toBeCloseTo((10 * 100 * 2 * 0.45 - 100) * 0.09);
    expect(monthly(monthlyCost(graph(), none), /traffic/)).toBe(0);
  });

  it('counts what TURN servers relay once more, on its way between machines', () => {
    const costs = monthlyCost(graph(), { participants: 10, hours: 100, mbit: 2, relayedPercent: 25 });
    expect(monthly(costs, /relayed/)).toBeCloseTo(10 * 100 * 2 * 0.45 * 0.25 * 0.02);
    expect(costs.find(({ what }) => /relayed/.test(what))?.count).toBe(225);
  });
});
