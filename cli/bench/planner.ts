import { emptyMemory } from '@holdfast/lifecycle-hooks/autoscaler/memory.ts';
import type { Observation, ObservedNode } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { plan } from '@holdfast/lifecycle-hooks/autoscaler/planner.ts';
import { defaultPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import { noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { capacityOf } from '@holdfast/media-server/capacity/machine-capacity.ts';
import { meetingShares, streamsOf } from '@holdfast/media-server/capacity/meeting-load.ts';

export interface PlannerFlags {
  readonly nodes: number;
  readonly meetings: number;
  readonly json: boolean;
}

const TARGET_MS = 100;
const ROUNDS = 15;
const WORKERS = 4;
const NOW_MS = 1e9;

/** Plans for a large fleet twice over: one that has enough and looks for a victim, and one that people are refused by. */
export function runPlanner({ nodes, meetings, json }: PlannerFlags): number {
  const enough = fleetOf(nodes, meetings, 0);
  const short = fleetOf(nodes, meetings, 100);
  const policy = {
    ...defaultPolicy,
    maxNodes: 2 * nodes,
    surplusForMs: 0,
    choices: [{ machineType: 'local', workers: WORKERS }],
  };
  const time = (seen: Observation) => {
    const times = Array.from({ length: ROUNDS }, () => {
      const fromMs = performance.now();
      plan(seen, policy, emptyMemory, NOW_MS);
      return performance.now() - fromMs;
    });
    return Math.round((times.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN) * 10) / 10;
  };
  const decided = (seen: Observation) => plan(seen, policy, emptyMemory, NOW_MS).decisions[0];
  const result = { nodes, meetings, shrinkMs: time(enough), growMs: time(short) };
  const good = result.shrinkMs <= TARGET_MS && result.growMs <= TARGET_MS;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...result, targetMs: TARGET_MS, good })}\n`
      : `${nodes} nodes, ${meetings} meetings, one core (target: at most ${TARGET_MS} ms)
  enough room  ${result.shrinkMs} ms: ${decided(enough).type}, ${decided(enough).reason}
  too little   ${result.growMs} ms: ${decided(short).type}, ${decided(short).reason}
${good ? 'good' : 'not good: the target is missed'}\n`,
  );
  return good ? 0 : 1;
}

function fleetOf(count: number, meetings: number, refused: number): Observation {
  const nodes = Array.from({ length: count }, (_, index) =>
    nodeOf(index, Math.floor(meetings / count), refused > 0),
  );
  let demand = noDemand;
  for (let index = 0; index < refused; index += 1)
    demand = wish(
      demand,
      { kind: 'refused', meetingId: `r${index}`, shares: meetingShares({ participants: 20 }) },
      NOW_MS,
    );
  return {
    fleet: {
      wanted: count,
      limits: { min: 0, max: 2 * count },
      generation: 'g1',
      asOfMs: NOW_MS,
      members: nodes.map(({ nodeId }) => ({
        id: nodeId,
        state: 'running',
        generation: 'g1',
        zone: null,
        machineType: 'local',
        workers: WORKERS,
        market: 'on-demand',
        launchedAtMs: 0,
        launchedBy: null,
        releasable: { ok: true },
      })),
    },
    platform: { nodes, reservations: [], demand, asOfMs: NOW_MS },
  };
}

/** Meetings of two to five people, spread over the workers; `full`: no worker has room for a large one. */
function nodeOf(number: number, meetings: number, full: boolean): ObservedNode {
  const nodeId = `n${number}`;
  const held = Array.from({ length: meetings }, (_, index) => ({
    meetingId: `${nodeId}-${index}`,
    shares: meetingShares({ participants: 2 + ((number + index) % 4) }),
    workers: [index % WORKERS],
  }));
  const streams = Array.from({ length: WORKERS }, (_, worker) =>
    held.reduce((sum, { shares, workers }) => sum + (workers[0] === worker ? streamsOf(shares) : 0), 0),
  );
  return {
    nodeId,
    generation: 'g1',
    zone: null,
    state: 'open',
    machine: capacityOf('local', WORKERS),
    workers: streams.map((each) => ({ cpu: full ? 0.5 : each / 1000, streams: each })),
    processCpu: 0.1,
    egressBps: null,
    meetings: held,
    drain: 'active',
    drainedBy: null,
    participants: meetings * 3,
  };
}
