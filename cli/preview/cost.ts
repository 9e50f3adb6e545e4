import { z } from 'zod';
import { awsPrices } from './aws-prices.ts';
import type { Graph, GraphResource } from './graph.ts';

const HOURS = 730;
/** GB of an hour of 1 Mbit/s. */
const GB_OF_MBIT_HOUR = 0.45;

/** What nobody can read from a stack. */
export interface Assumptions {
  /** Participants at the same time, on average, while there are meetings. */
  readonly participants: number;
  /** Hours a month with meetings. */
  readonly hours: number;
  /** What a participant receives, Mbit/s. */
  readonly mbit: number;
  /**
   * Of 100 participants, how many reach a media node only by a TURN server. `holdfast_participants_by_path` says how many it
   * is; firewalls that let nothing but HTTPS through are rare at home and usual in some companies.
   */
  readonly relayedPercent: number;
}

export const usualAssumptions: Assumptions = { participants: 20, hours: 160, mbit: 2, relayedPercent: 10 };

export interface CostLine {
  readonly what: string;
  readonly count: number;
  /** Dollars a month; null: nobody has looked up its price. */
  readonly monthly: number | null;
}

const group = z.object({
  desiredCapacity: z.number(),
  mixedInstancesPolicy: z
    .object({
      instancesDistribution: z.object({
        onDemandBaseCapacity: z.number(),
        onDemandPercentageAboveBaseCapacity: z.number(),
      }),
    })
    .optional(),
});
const template = z.object({
  instanceType: z.string(),
  blockDeviceMappings: z.array(z.object({ ebs: z.object({ volumeSize: z.number() }) })),
});
const store = z.object({ nodeType: z.string(), numCacheClusters: z.number() });

/** What a stack costs a month as it begins, by list prices, and its traffic as assumed. */
export function monthlyCost({ resources }: Graph, assumptions: Assumptions): CostLine[] {
  const of = (type: string) => resources.filter((each) => each.type === type);
  const templates = new Map(of('aws:ec2/launchTemplate:LaunchTemplate').map((each) => [each.name, each]));
  const lines = of('aws:autoscaling/group:Group').flatMap((each) => machines(each, templates.get(each.name)));
  for (const each of of('aws:elasticache/replicationGroup:ReplicationGroup')) {
    const { nodeType, numCacheClusters: count } = store.parse(each.inputs);
    lines.push({
      what: `${each.name}: ${nodeType}`,
      count,
      monthly: times(count * HOURS, awsPrices.machines[nodeType]),
    });
  }
  const simple = (what: string, type: string, price: number) => {
    const count = of(type).length;
    if (count > 0) lines.push({ what, count, monthly: count * price });
  };
  simple(
    'load balancer, one capacity unit',
    'aws:lb/loadBalancer:LoadBalancer',
    HOURS * (awsPrices.balancerHour + awsPrices.balancerUnitHour),
  );
  simple('secrets', 'aws:secretsmanager/secret:Secret', awsPrices.secretMonth);
  simple('private DNS zone', 'aws:route53/zone:Zone', awsPrices.zoneMonth);
  const { participants, hours, mbit, relayedPercent } = assumptions;
  const gb = participants * hours * mbit * GB_OF_MBIT_HOUR;
  lines.push({
    what: `traffic: ${participants} participants, ${hours} h, ${mbit} Mbit/s each`,
    count: Math.round(gb),
    monthly: Math.max(0, gb - awsPrices.freeTrafficGb) * awsPrices.trafficGb,
  });
  const relayedGb = (gb * relayedPercent) / 100;
  lines.push({
    what: `of it relayed by TURN: ${relayedPercent} %, once more from machine to machine`,
    count: Math.round(relayedGb),
    monthly: relayedGb * awsPrices.betweenAddressesGb,
  });
  return lines;
}

/** Machines of a group with their disks and addresses; a fixed address takes the place of a machine's own. */
function machines({ name, inputs }: GraphResource, launched: GraphResource | undefined): CostLine[] {
  const { desiredCapacity: count, mixedInstancesPolicy } = group.parse(inputs);
  const { instanceType, blockDeviceMappings } = template.parse(launched?.inputs);
  const distribution = mixedInstancesPolicy?.instancesDistribution;
  const above = Math.max(0, count - (distribution?.onDemandBaseCapacity ?? count));
  const spot = above * (1 - (distribution?.onDemandPercentageAboveBaseCapacity ?? 100) / 100);
  const paid = count - spot + spot * awsPrices.spotShare;
  const disk = blockDeviceMappings.reduce((sum, { ebs }) => sum + ebs.volumeSize, 0);
  return [
    {
      what: `${name}: ${instanceType}${spot > 0 ? ', part of it Spot' : ''}`,
      count,
      monthly: times(paid * HOURS, awsPrices.machines[instanceType]),
    },
    {
      what: `${name}: disks and public addresses`,
      count,
      monthly: count * (disk * awsPrices.diskGbMonth + HOURS * awsPrices.publicAddressHour),
    },
  ];
}

function times(amount: number, price: number | undefined): number | null {
  return price === undefined ? null : amount * price;
}

/** The sum of what is known, and whether that is all. */
export function total(lines: readonly CostLine[]): { monthly: number; complete: boolean } {
  return {
    monthly: lines.reduce((sum, { monthly }) => sum + (monthly ?? 0), 0),
    complete: lines.every(({ monthly }) => monthly !== null),
  };
}
