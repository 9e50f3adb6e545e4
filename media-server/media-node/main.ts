import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { clusterSecrets, loadConfig, loadSecrets, mediaNodeConfig } from '../config/index.ts';
import { findMachineFacts } from '../machine/find-machine-facts.ts';
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
    const machine = await findMachineFacts(config.machine);
    return MediaNode.start({
      config,
      machine,
      secrets: loadSecrets(clusterSecrets),
      version,
      log: log.child({ nodeId: machine.nodeId }),
      rejections: () => rejections,
    });
  },
  {
    onUnhandledRejection: () => {
      rejections += 1;
    },
  },
);
