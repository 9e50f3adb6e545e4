// A control plane that knows its nodes and nothing else.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import {
  controlPlaneConfig,
  controlPlaneSecrets,
  loadConfig,
  loadSecrets,
} from '@holdfast/media-server/config/index.ts';
import { runProcess } from '@holdfast/media-server/process/run-process.ts';
import { nodeView } from '@holdfast/media-server/protocol/index.ts';

runProcess('control-plane', async () => {
  const config = loadConfig(controlPlaneConfig);
  const secrets = loadSecrets(controlPlaneSecrets);
  const nodes = new Map<string, unknown>();
  const seen = (request: IncomingMessage, token: string) =>
    request.headers.authorization === `Bearer ${token}`;

  const pages = createServer((request, response) => {
    if (request.url === '/readyz') return response.end('ready');
    if (request.url !== '/v1/nodes') return response.writeHead(404).end();
    if (!seen(request, secrets.HOLDFAST_OPERATOR_TOKEN)) return response.writeHead(401).end();
    return response.end(JSON.stringify({ nodes: [...nodes.values()] }));
  });
  const internal = createServer(async (request, response) => {
    if (!seen(request, secrets.HOLDFAST_CLUSTER_TOKEN)) return response.writeHead(401).end();
    const view = nodeView.parse(JSON.parse((await request.setEncoding('utf8').toArray()).join('')));
    nodes.set(view.nodeId, view);
    return response.end();
  });
  pages.listen(config.http.port, config.http.host);
  internal.listen(config.internal.port, config.internal.host);
  await Promise.all([once(pages, 'listening'), once(internal, 'listening')]);
  return {
    async close() {
      for (const server of [pages, internal]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
});
