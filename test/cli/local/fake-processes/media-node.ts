// A media node without media: registers, and is empty a moment after it was told to drain.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  clusterSecrets,
  loadConfig,
  loadSecrets,
  mediaNodeConfig,
} from '@holdfast/media-server/config/index.ts';
import { findMachineFacts } from '@holdfast/media-server/machine/find-machine-facts.ts';
import { runProcess } from '@holdfast/media-server/process/run-process.ts';
import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import { FakeNode } from '../../../lifecycle-hooks/agent/fake-node.ts';

const HEARTBEAT_MS = 50;

runProcess('media-node', async () => {
  const config = loadConfig(mediaNodeConfig);
  const { nodeId, generation, zone, machineType, market, workers } = await findMachineFacts(config.machine);
  if (process.env.FAKE_NODE_FAILS) throw new Error('told to fail');
  const token = loadSecrets(clusterSecrets).HOLDFAST_CLUSTER_TOKEN;
  const node = new FakeNode(config.drainSocket);
  await node.start();
  node.holds = 1;

  const stop = new AbortController();
  let registered = false;
  const view = (): NodeView => ({
    nodeId,
    role: 'media',
    generation: generation ?? 'none',
    zone,
    machineType,
    market,
    workers,
    version: 'fake',
    startedAtMs: 0,
    lastHeartbeatAtMs: 0,
    reachable: true,
    drain: { state: node.state },
    load: { workers: [], processCpu: null, egressBps: null, rssBytes: 0, participants: 0, stress: null },
    meetings: [],
  });
  const report = async () => {
    const [url] = config.controlPlane.urls;
    while (!stop.signal.aborted) {
      const answer = await fetch(String(url).replace(/^ws/, 'http'), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify(view()),
        signal: stop.signal,
      }).catch(() => undefined);
      registered = answer?.ok === true;
      if (node.state === 'draining') node.empty();
      await delay(HEARTBEAT_MS, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const reporting = report();

  const probes = createServer((_request, response) => response.writeHead(registered ? 200 : 503).end());
  probes.listen(config.rpc.port, config.rpc.host);
  await once(probes, 'listening');
  return {
    async close() {
      stop.abort();
      probes.close();
      probes.closeAllConnections();
      await Promise.all([node.crash(), reporting]);
    },
  };
});
