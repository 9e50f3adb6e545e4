/**
 * List prices of us-east-1 in US dollars, approximate. Other regions differ by up to a third. Spot prices vary by the hour.
 */
export const awsPrices = {
  asOf: '2026-11',
  source: 'aws.amazon.com/ec2/pricing, /elasticloadbalancing/pricing, /elasticache/pricing, /vpc/pricing',
  /** An hour. */
  machines: {
    't3.small': 0.0208,
    't3.medium': 0.0416,
    'c6a.large': 0.0765,
    'c6a.xlarge': 0.153,
    'c6a.2xlarge': 0.306,
    'c7i.large': 0.08925,
    'c7i.xlarge': 0.1785,
    'c7i.2xlarge': 0.357,
    'm7i.large': 0.1008,
    'm7i.xlarge': 0.2016,
    'c7g.xlarge': 0.145,
    'cache.t4g.small': 0.0256,
    'cache.m7g.large': 0.126,
  } satisfies Record<string, number> as Readonly<Record<string, number | undefined>>,
  /** Of the price on demand, what Spot costs in the middle of its range. */
  spotShare: 0.5,
  publicAddressHour: 0.005,
  balancerHour: 0.0225,
  balancerUnitHour: 0.008,
  diskGbMonth: 0.08,
  secretMonth: 0.4,
  zoneMonth: 0.5,
  trafficGb: 0.09,
  /** Between public addresses of one region: $0.01 where it leaves and $0.01 where it comes in. */
  betweenAddressesGb: 0.02,
  freeTrafficGb: 100,
} as const;
