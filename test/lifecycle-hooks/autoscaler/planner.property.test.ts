import type { Decision } from '@holdfast/lifecycle-hooks/autoscaler/decision.ts';
import { emptyMemory, type Memory } from '@holdfast/lifecycle-hooks/autoscaler/memory.ts';
import type { Observation } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { plan } from '@holdfast/lifecycle-hooks/autoscaler/planner.ts';
import type { ScalingPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { member, node, nowMs, observation, policy } from './observations.ts';
import { ScalingWorld, WORKERS } from './scaling-world.ts';

const anyNode = fc.record({
  streams: fc.array(fc.constantFrom(0, 0, 40, 150, 300, 400), { minLength: WORKERS, maxLength: WORKERS }),
  processCpu: fc.constantFrom(0.1, 0.1, 0.1, null),
  drain: fc.constantFrom(
    'active' as const,
    'active' as const,
    'active' as const,
    'draining' as const,
    'drained' as const,
  ),
  by: fc.constantFrom('autoscaler' as const, 'others' as const),
  state: fc.constantFrom('running' as const, 'running' as const, 'running' as const, 'leaving' as const),
  generation: fc.constantFrom('g1', 'g1', 'g0'),
  ageMs: fc.constantFrom(1000, 86_400_000),
  releasable: fc.constantFrom(
    { ok: true } as const,
    { ok: true } as const,
    { ok: false, why: 'locked' } as const,
  ),
});
const anyObservation: fc.Arbitrary<Observation> = fc
  .record({
    nodes: fc.array(anyNode, { maxLength: 6 }),
    missing: fc.integer({ min: 0, max: 2 }),
    asOfMs: fc.constantFrom(nowMs, nowMs, nowMs, nowMs - 61_000),
  })
  .map(({ nodes, missing, asOfMs }) => {
    const members = nodes.map((each, index) =>
      member(`n${index}`, {
        status: { state: each.state },
        generation: each.generation,
        launchedAtMs: nowMs - each.ageMs,
        releasable: each.releasable,
      }),
    );
    const seen = nodes.map(({ streams, processCpu, drain, by }, index) => {
      const holds = drain === 'drained' ? streams.map(() => 0) : streams;
      return node(`n${index}`, holds, {
        processCpu,
        drain,
        drainedBy: drain === 'active' ? null : by,
        state: drain === 'active' ? 'open' : 'draining',
      });
    });
    const staying = members.filter(({ state }) => state !== 'leaving').length;
    return observation(seen, { fleet: { members, wanted: staying + missing }, platform: { asOfMs } });
  });
const anyMemory: fc.Arbitrary<Memory> = fc
  .constantFrom(null, nowMs - 1000, nowMs - 1_000_000)
  .map((surplusSinceMs) => ({ ...emptyMemory, surplusSinceMs }));
const anyPolicy: fc.Arbitrary<ScalingPolicy> = fc
  .record({
    minNodes: fc.integer({ min: 0, max: 4 }),
    maxNodes: fc.integer({ min: 4, max: 8 }),
    surviveOneFailure: fc.boolean(),
    drainsAtOnce: fc.integer({ min: 1, max: 2 }),
  })
  .map((about) => ({ ...policy, ...about }));
const always = (check: (decision: Decision, seen: Observation, p: ScalingPolicy) => void) =>
  fc.assert(
    fc.property(anyObservation, anyPolicy, anyMemory, (seen, p, memory) => {
      for (const decision of plan(seen, p, memory, nowMs).decisions) check(decision, seen, p);
    }),
    { numRuns: 500 },
  );

describe('the planner, whatever it sees', () => {
  it('gives the same answer to the same question, and changes nothing of it', () => {
    fc.assert(
      fc.property(anyObservation, anyPolicy, anyMemory, (seen, p, memory) => {
        const asked = structuredClone(seen);
        const answer = plan(seen, p, memory, nowMs);
        expect(plan(asked, p, memory, nowMs)).toEqual(answer);
        expect(seen).toEqual(asked);
      }),
    );
  });

  it('never goes below the minimum or above the maximum', () => {
    always((decision, { fleet }, p) => {
      if (decision.type === 'drain') expect(fleet.wanted - 1).toBeGreaterThanOrEqual(p.minNodes);
      if (decision.type === 'grow') {
        expect(decision.to).toBeLessThanOrEqual(p.maxNodes);
        expect(decision.to).toBeGreaterThan(fleet.wanted);
      }
    });
  });

  it('never drains more machines at once than it may', () => {
    always((decision, { platform, fleet }, p) => {
      if (decision.type !== 'drain') return;
      const leaving = new Set(fleet.members.filter(({ state }) => state === 'leaving').map(({ id }) => id));
      const own = platform.nodes.filter(
        ({ nodeId, drainedBy }) => drainedBy === 'autoscaler' && !leaving.has(nodeId),
      );
      expect(own.length).toBeLessThan(p.drainsAtOnce);
    });
  });

  it('never drains anything on unknown load, old news, or while machines are on their way', () => {
    always((decision, { platform, fleet }) => {
      if (decision.type !== 'drain') return;
      expect(platform.asOfMs).toBe(nowMs);
      const leaving = new Set(fleet.members.filter(({ state }) => state === 'leaving').map(({ id }) => id));
      const serving = platform.nodes.filter(({ nodeId, state }) => state === 'open' && !leaving.has(nodeId));
      expect(serving.filter(({ processCpu }) => processCpu === null)).toEqual([]);
      expect(fleet.wanted).toBe(fleet.members.length - leaving.size);
    });
  });

  it('never drains what is new or cannot be released, and takes back no drain but its own', () => {
    always((decision, { fleet, platform }) => {
      if (decision.type === 'drain') {
        const victim = fleet.members.find(({ id }) => id === decision.nodeId);
        expect(victim).toMatchObject({ state: 'running', releasable: { ok: true } });
        expect(nowMs - (victim?.launchedAtMs ?? 0)).toBeGreaterThanOrEqual(policy.graceMs);
      }
      if (decision.type === 'cancel-drain' || decision.type === 'release')
        expect(platform.nodes.find(({ nodeId }) => nodeId === decision.nodeId)?.drainedBy).toBe('autoscaler');
    });
  });

  it('never releases a machine that still holds a meeting', () => {
    always((decision, { platform }) => {
      if (decision.type === 'release')
        expect(platform.nodes.find(({ nodeId }) => nodeId === decision.nodeId)?.meetings).toEqual([]);
    });
  });

  it('says why', () => {
    always(({ reason }) => expect(reason.length).toBeGreaterThan(5));
  });
});

/** Lets the planner work in a world; returns how often each thing was done. */
async function work(
  world: ScalingWorld,
  p: ScalingPolicy,
  forMs: number,
  each: (atMs: number) => void = () => {},
) {
  let memory = emptyMemory;
  const endMs = world.nowMs + forMs;
  for (let turn = 0; world.nowMs < endMs; turn += 1) {
    each(world.nowMs);
    const planned = plan({ fleet: world.fleet(), platform: world.platform() }, p, memory, world.nowMs);
    memory = planned.memory;
    const [decision] = planned.decisions;
    const order = { operationId: `op-${turn}`, fence: 1, reason: decision.reason };
    if (decision.type === 'grow') await world.driver.grow({ ...decision, operationId: order.operationId });
    if (decision.type === 'drain') await world.controlPlane.drain(decision.nodeId, order);
    if (decision.type === 'cancel-drain') await world.controlPlane.cancelDrain(decision.nodeId, order);
    if (decision.type === 'release') await world.driver.release(decision.nodeId, order.operationId);
    if (decision.type === 'give-up') await world.driver.giveUp(decision.nodeId, order.operationId);
    world.pass(5000);
  }
}

const worldPolicy: ScalingPolicy = {
  ...policy,
  maxNodes: 8,
  slackWorkers: 0.5,
  choices: [{ machineType: 'local', workers: WORKERS }],
};

describe('the planner in a world', () => {
  it('comes to rest, with the headroom and no machine too many, whatever the load', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(24, 112, 264, 400), { maxLength: 9 }),
        fc.integer({ min: 1, max: 8 }),
        async (sizes, machines) => {
          const world = new ScalingWorld(machines);
          const ask = () => {
            for (const [index, streams] of sizes.entries())
              if (!world.meetings.has(`m${index}`)) world.begin(`m${index}`, streams);
          };
          await work(world, worldPolicy, 6_000_000, ask);
          const before = world.done.length;
          await work(world, worldPolicy, 1_200_000, ask);
          expect(world.done.slice(before)).toEqual([]);
          expect(world.meetings.size).toBe(sizes.length);
          expect(world.violations).toEqual([]);
          const total = sizes.reduce((sum, streams) => sum + streams, 0) / 400;
          // What packs worst needs a worker each; then the headroom, the slack, and what rounding up to a machine costs.
          expect(world.wanted).toBeLessThanOrEqual(
            Math.ceil((Math.min(sizes.length, total * 2 + 1) + 2) / WORKERS) + 1,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does not swing under noise: at the same load it launches and gives back at most once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(24, 112, 180, 264), { minLength: 1, maxLength: 7 }),
        fc.infiniteStream(fc.double({ min: -0.25, max: 0.25, noNaN: true })),
        async (sizes, noise) => {
          const world = new ScalingWorld(3);
          world.noise = () => noise.next().value ?? 0;
          for (const [index, streams] of sizes.entries()) world.begin(`m${index}`, streams);
          await work(world, worldPolicy, 6_000_000);
          const before = world.done.length;
          await work(world, worldPolicy, 12_000_000);
          expect(
            world.done.slice(before).filter((what) => what.startsWith('grow')).length,
          ).toBeLessThanOrEqual(1);
          expect(world.violations).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('replaces every machine of an old generation, one after the other, and nobody loses a meeting', async () => {
    const world = new ScalingWorld(3);
    for (let index = 0; index < 5; index += 1) world.begin(`m${index}`, 200);
    world.generation = 'g2';
    await work(world, worldPolicy, 7_200_000);
    expect([...world.machines.values()].map(({ generation }) => generation)).not.toContain('g1');
    expect(world.meetings.size).toBe(5);
    expect(world.violations).toEqual([]);
  });

  it('gives up launches that never arrive, and does not forget why it wanted them', async () => {
    const world = new ScalingWorld(1);
    world.begin('m0', 400);
    world.sick = true;
    world.begin('m1', 264);
    await work(world, worldPolicy, 900_000);
    expect(world.done.some((what) => what.startsWith('give up'))).toBe(true);
    world.sick = false;
    await work(world, worldPolicy, 900_000);
    expect(world.staying.filter(([, { status }]) => status.state === 'running').length).toBeGreaterThan(1);
  });
});
