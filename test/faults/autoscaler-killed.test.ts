import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoArc, demoAutoscaler } from '../../cli/demo/arc.ts';
import { announce, Visitors } from '../../cli/demo/visitors.ts';
import { LocalPlatform } from '../../cli/local/local-platform.ts';
import { OperatorApi } from '../../cli/observe/operator-api.ts';

const arc = demoArc({ participants: 4, meetings: 2 });
const visitors = new Visitors();
const staying = new Visitors();
let platform: LocalPlatform;
let api: OperatorApi;
beforeAll(async () => {
  platform = await LocalPlatform.start({
    nodes: 1,
    port: 0,
    machine: { workers: 1, carries: { workerStreams: arc.workerStreams } },
    autoscaler: demoAutoscaler(arc),
  });
  api = new OperatorApi(platform.baseUrl, platform.operatorToken);
});
afterAll(() => platform.close());

it('killed while it empties a machine: its successor gives back that one and no other, and nobody is put out', async () => {
  await announce(platform, arc);
  await visitors.arrive(platform, arc.visitors);
  await api.waitForNodes(
    'two nodes take meetings',
    (nodes) => nodes.filter(({ reachable }) => reachable).length === 2,
    {
      limitMs: 30_000,
    },
  );
  for (const meeting of arc.meetings) await staying.arrive(platform, meeting);
  await visitors.leave();
  const draining = await api.waitForNodes(
    'a machine is being emptied',
    (nodes) => nodes.some(({ drain }) => drain.state !== 'active'),
    { limitMs: 60_000 },
  );
  const victim = draining.find(({ drain }) => drain.state !== 'active')?.nodeId;
  const { leader: killed } = await api.scaling();
  const pid = platform.autoscalerPid;
  if (pid === undefined || victim === undefined) throw new Error('there is no autoscaler, or no victim');
  process.kill(pid, 'SIGKILL');
  await platform.cloud.until(
    ({ members }) => members.every(({ id }) => id !== victim),
    AbortSignal.timeout(60_000),
  );
  const { decisions } = await api.scaling();
  const release = decisions.find(({ decision }) => decision.type === 'release');
  expect(release).toMatchObject({ outcome: 'done', decision: { nodeId: victim } });
  expect(release?.holder).not.toBe(killed);
  expect(decisions.filter(({ decision }) => decision.type === 'release')).toHaveLength(1);
  expect(decisions.filter(({ decision }) => decision.type === 'grow')).toHaveLength(1);
  expect(platform.cloud.describe()).toMatchObject({ wanted: 1, members: [{ state: 'running' }] });
  const people = (await api.meetings()).map(({ meetingId, participants }) => [meetingId, participants]);
  expect(people).toEqual([
    ['meeting-1', 2],
    ['meeting-2', 2],
    ['visitors', 0],
  ]);
});
