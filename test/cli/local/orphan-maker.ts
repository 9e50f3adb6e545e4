// Starts a platform, says which processes it has, and waits to be killed.
import { LocalPlatform } from '../../../cli/local/local-platform.ts';
import { fakePrograms } from './fake-programs.ts';

const platform = await LocalPlatform.start({ nodes: 1, programs: fakePrograms });
const { server, agent } = platform.cloud.pids('node-1');
process.stdout.write(
  `${JSON.stringify({ directory: platform.directory, pids: [platform.controlPlanePid, server, agent] })}\n`,
);
