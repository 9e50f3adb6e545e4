/** The variables, and which fact each of them is. */
export const factVariables = {
  nodeId: 'HOLDFAST_NODE_ID',
  privateAddress: 'HOLDFAST_PRIVATE_ADDRESS',
  /** With commas between them. */
  publicAddresses: 'HOLDFAST_PUBLIC_ADDRESSES',
  zone: 'HOLDFAST_ZONE',
  machineType: 'HOLDFAST_MACHINE_TYPE',
  market: 'HOLDFAST_MARKET',
  workers: 'HOLDFAST_WORKERS',
  generation: 'HOLDFAST_GENERATION',
} as const;

/** What whoever started the process wrote into its environment. */
export function factsFromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [fact, variable] of Object.entries(factVariables)) {
    const text = env[variable]?.trim();
    if (!text) continue;
    if (fact === 'publicAddresses') found[fact] = text.split(',').map((each) => each.trim());
    else found[fact] = fact === 'workers' ? Number(text) : text;
  }
  return found;
}
