import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { clusterSecrets, loadConfig, loadSecrets, mediaNodeConfig } from '../config/index.ts';
import { runProcess } from '../process/run-process.ts';
import { MediaNode } from './media-node.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

let rejections = 0;

runProcess(
  'media-node',
  async (log) => {
    const config = loadConfig(mediaNodeConfig);
    return MediaNode.start({
      config,
      secrets: loadSecrets(clusterSecrets),
      version,
      log: log.child({ nodeId: config.nodeId }),
      rejections: () => rejections,
    });
  },
  {
    onUnhandledRejection: () => {
      rejections += 1;
    },
  },
);
