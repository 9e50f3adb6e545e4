import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaNodeConfig } from '@holdfast/media-server/config/index.ts';
import { machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { MediaNode } from '@holdfast/media-server/media-node/media-node.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { vi } from 'vitest';
import { describeNode } from '../media-server/node-contract.ts';
import { FakeRegistry } from './fake-registry.ts';
import { clusterToken } from './test-gateway.ts';

const log = createLogger('test');
log.level = 'silent';

describeNode('a media node', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const registry = await FakeRegistry.start();
  const nodeId = 'n1';
  const node = await MediaNode.start({
    config: mediaNodeConfig.parse({
      role: 'media-node',
      drainSocket: join(directory, 's'),
      controlPlane: { urls: [registry.url] },
      media: { workers: 1 },
    }),
    machine: machineFacts.parse({ nodeId, privateAddress: '127.0.0.1' }),
    secrets: { HOLDFAST_CLUSTER_TOKEN: clusterToken },
    version: 'test',
    log,
  });
  await vi.waitFor(() => registry.node(nodeId));
  return {
    nodeId,
    rpcUrl: registry.node(nodeId).rpcUrl,
    token: clusterToken,
    drain: async () => {
      await registry.node(nodeId).socket.request('node.drain', { by: 'operator', reason: 'test' });
    },
    close: async () => {
      await node.close('test over');
      await registry.close();
      await rm(directory, { recursive: true });
    },
  };
});
