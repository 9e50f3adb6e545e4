import { afterAll, beforeAll } from 'vitest';
import { describeNode } from '../node-contract.ts';
import { Platform, secrets } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform.close());

describeNode('the fake of the control plane’s tests', async () => {
  const node = await platform.node(`n${platform.nodes.length}`);
  return {
    ...node.address,
    token: secrets.HOLDFAST_CLUSTER_TOKEN,
    drain: async () => {
      node.drain = { state: 'draining' };
    },
    close: () => node.kill(),
  };
});
