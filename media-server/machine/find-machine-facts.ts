import { hostname } from 'node:os';
import { z } from 'zod';
import { ConfigError, type MachineSource } from '../config/index.ts';
import { AwsMetadata } from './aws-metadata.ts';
import { factsFromAws } from './from-aws.ts';
import { factsFromEnvironment } from './from-environment.ts';
import { factsFromFile } from './from-file.ts';
import { factsFromLocal } from './from-local.ts';
import { type MachineFacts, machineFacts } from './machine-facts.ts';

/**
 * What machine this process is on, found in the one way that its configuration names.
 *
 * @throws ConfigError when it cannot be found, or when it makes no sense
 */
export async function findMachineFacts(
  source: MachineSource,
  env: NodeJS.ProcessEnv = process.env,
): Promise<MachineFacts> {
  const where = `machine facts from ${source.from}`;
  let found: unknown;
  try {
    found = await find(source, env);
  } catch (error) {
    throw new ConfigError(`${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const facts = machineFacts.safeParse(found);
  if (!facts.success) throw new ConfigError(`${where}: ${z.prettifyError(facts.error)}`);
  return facts.data;
}

/** The list of ways. */
function find(source: MachineSource, env: NodeJS.ProcessEnv): unknown {
  switch (source.from) {
    case 'local':
      return factsFromLocal(hostname());
    case 'file':
      return factsFromFile(source.path);
    case 'environment':
      return factsFromEnvironment(env);
    case 'aws':
      return factsFromAws(new AwsMetadata({ endpoint: source.metadataEndpoint }));
  }
}
