import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Drain } from '@holdfast/media-server/drain/drain.ts';
import { DrainSocket } from '@holdfast/media-server/drain/drain-socket.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { FakeNode } from '../../lifecycle-hooks/agent/fake-node.ts';
import { ManualClock } from '../process/manual-clock.ts';
import { describeDrainSocket } from './drain-socket-contract.ts';

const log = createLogger('test');
log.level = 'silent';

const newPath = () => {
  const directory = mkdtempSync(join(tmpdir(), 'drain-'));
  return { path: join(directory, 's'), remove: () => rmSync(directory, { recursive: true, force: true }) };
};

describeDrainSocket('a machine of ours', async () => {
  const { path, remove } = newPath();
  const clock = new ManualClock();
  let holds = 0;
  const drain = new Drain({ load: { holds: () => holds, people: () => 0, waits: () => [] }, clock, log });
  const look = () => {
    if (drain.state === 'draining' && holds === 0) drain.emptied();
    if (drain.state === 'drained' && holds > 0) drain.filled();
  };
  drain.on('changed', look);
  const socket = new DrainSocket({ path, nodeId: 'turn-1', role: 'turn', drain, clock, log });
  await socket.listen();
  return {
    nodeId: 'turn-1',
    socketPath: path,
    healthUrl: 'http://127.0.0.1:1/healthz',
    hold: (count) => {
      holds = count;
      look();
    },
    close: async () => {
      await socket.close();
      remove();
    },
  };
});

describeDrainSocket('the fake of the agent’s tests', async () => {
  const { path, remove } = newPath();
  const fake = new FakeNode(path);
  await fake.start();
  return {
    nodeId: 'node-1',
    socketPath: path,
    healthUrl: fake.healthUrl,
    hold: (count) => {
      if (count === 0) fake.empty();
      else fake.holds = count;
    },
    close: async () => {
      await fake.crash();
      remove();
    },
  };
});
