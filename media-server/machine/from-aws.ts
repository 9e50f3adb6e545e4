import type { AwsMetadata } from './aws-metadata.ts';
import type { FoundFacts } from './machine-facts.ts';

/** What AWS says of the machine. Its interface carries the private address alone; AWS translates. */
export async function factsFromAws(metadata: Pick<AwsMetadata, 'get'>): Promise<FoundFacts> {
  const must = async (path: string) => {
    const value = (await metadata.get(path))?.trim();
    if (value) return value;
    throw new Error(`the metadata of this machine has no ${path}`);
  };
  const may = async (path: string) => (await metadata.get(path))?.trim() || undefined;
  const nodeId = await must('instance-id');
  const publicAddresses = [await may('public-ipv4'), await may('ipv6')];
  const generation = await launchedFrom(may);
  return {
    nodeId,
    privateAddress: await must('local-ipv4'),
    publicAddresses: publicAddresses.flatMap((address) => address ?? []),
    zone: await must('placement/availability-zone'),
    machineType: await must('instance-type'),
    market: (await must('instance-life-cycle')) === 'spot' ? 'spot' : 'on-demand',
    ...(generation === undefined ? {} : { generation }),
  };
}

/** As the fleet names it; there only where the launch template lets the metadata show tags. */
async function launchedFrom(may: (path: string) => Promise<string | undefined>): Promise<string | undefined> {
  const template = await may('tags/instance/aws:ec2launchtemplate:id');
  const version = await may('tags/instance/aws:ec2launchtemplate:version');
  return template !== undefined && version !== undefined ? `${template}:${version}` : undefined;
}
