import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { loadConfig, loadSecrets, turnServerConfig, turnServerSecrets } from '../config/index.ts';
import { findMachineFacts } from '../machine/find-machine-facts.ts';
import { runProcess } from '../process/run-process.ts';
import { TurnServer } from './turn-server.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

runProcess('turn-server', async (log) => {
  const config = loadConfig(turnServerConfig);
  const machine = await findMachineFacts(config.machine);
  return TurnServer.start({
    config,
    machine,
    secrets: loadSecrets(turnServerSecrets),
    version,
    log: log.child({ nodeId: machine.nodeId }),
  });
});
