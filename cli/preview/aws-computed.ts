/** What AWS fills in when a thing is made, by type; `{name}` and `{id}` are put in. From the provider's documentation. */
const computed: Record<string, Record<string, unknown>> = {
  'aws:ec2/launchTemplate:LaunchTemplate': { latestVersion: 1, defaultVersion: 1 },
  'aws:ec2/eip:Eip': { allocationId: 'eipalloc-{name}', publicIp: '203.0.113.7' },
  'aws:s3/bucket:Bucket': { bucket: '{name}-0a1b2c3' },
  'aws:iam/role:Role': { name: '{name}-0a1b2c3' },
  'aws:iam/instanceProfile:InstanceProfile': {
    name: '{name}-0a1b2c3',
    arn: 'arn:aws:iam::123456789012:instance-profile/{name}',
  },
  'aws:secretsmanager/secret:Secret': {
    name: '{name}-0a1b2c3',
    arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-0a1b2c3',
  },
  'aws:route53/zone:Zone': { zoneId: 'Z-{name}', arn: 'arn:aws:route53:::hostedzone/Z-{name}' },
  'aws:route53/record:Record': { fqdn: 'record.example.org' },
  'aws:lb/loadBalancer:LoadBalancer': {
    arn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/{name}/1',
    dnsName: '{name}.eu-central-1.elb.amazonaws.com',
    zoneId: 'Z-elb',
  },
  'aws:lb/targetGroup:TargetGroup': {
    arn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{name}/1',
  },
  'aws:lb/listener:Listener': {
    arn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/{name}/1/2',
  },
  'aws:acm/certificate:Certificate': {
    arn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
    domainValidationOptions: [
      {
        domainName: 'meet.example.org',
        resourceRecordName: '_1.meet.example.org',
        resourceRecordType: 'CNAME',
        resourceRecordValue: '_2.acm-validations.aws',
      },
    ],
  },
  'aws:elasticache/subnetGroup:SubnetGroup': { name: '{name}-0a1b2c3' },
  'aws:elasticache/user:User': { arn: 'arn:aws:elasticache:eu-central-1:123456789012:user:{name}' },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    arn: 'arn:aws:elasticache:eu-central-1:123456789012:replicationgroup:{name}',
    primaryEndpointAddress: 'master.{name}.cache.amazonaws.com',
  },
};

export function computedBy(
  type: string,
  name: string,
  inputs: Record<string, unknown>,
): Record<string, unknown> {
  const filled = JSON.stringify(computed[type] ?? {}).replaceAll('{name}', name);
  return { ...JSON.parse(filled), ...(typeof inputs.name === 'string' ? { name: inputs.name } : {}) };
}

/** What the program may ask AWS; anything else is a mistake. */
export function awsAnswer(token: string): Record<string, unknown> {
  const answers: Record<string, Record<string, unknown>> = {
    'aws:index/getRegion:getRegion': { region: 'eu-central-1', name: 'eu-central-1', id: 'eu-central-1' },
    'aws:index/getCallerIdentity:getCallerIdentity': { accountId: '123456789012', id: '123456789012' },
    'aws:index/getPartition:getPartition': { partition: 'aws', id: 'aws' },
  };
  const answer = answers[token];
  if (!answer) throw new Error(`the program asks AWS for ${token}, which nobody has looked up`);
  return answer;
}
