import { Autoscaler } from '@holdfast/lifecycle-hooks/autoscaler/autoscaler.ts';
import type { ControlPlanePort } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-port.ts';
import { MemoryLease } from '@holdfast/lifecycle-hooks/autoscaler/memory-lease.ts';
import type { ObservedNode } from '@holdfast/lifecycle-hooks/autoscaler/observation.ts';
import { defaultPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import { type Demand, noDemand, wish } from '@holdfast/media-server/capacity/demand.ts';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { machine } from '../../../media-server/capacity/capacity-nodes.ts';
import { seeded } from '../seeded-faults.ts';
import { AwsAgent } from './aws-agent.ts';
import { AwsFleet, type AwsFleetOptions } from './aws-fleet.ts';
import { AwsMachine } from './aws-machine.ts';
import { seededFaults } from './fake-aws-api.ts';

const TURN_MS = 5000;
const WORKERS = 4;

/** The autoscaler, AWS's driver and AWS's drain agents; the media nodes hold nobody. */
class ScaledFleet {
  readonly fleet: AwsFleet;
  readonly #agents = new Map<string, AwsAgent>();
  readonly #drained = new Set<string>();
  readonly #autoscaler: Autoscaler;
  demand: Demand = noDemand;

  private constructor(fleet: AwsFleet) {
    this.fleet = fleet;
    this.#autoscaler = new Autoscaler({
      driver: fleet.driver,
      controlPlane: this.#controlPlane,
      lease: new MemoryLease(fleet.clock),
      holder: 'one',
      clock: fleet.clock,
      log: pino({ level: 'silent' }),
      policy: {
        ...defaultPolicy,
        surviveOneFailure: false,
        maxNodes: 4,
        surplusForMs: 60_000,
        graceMs: 60_000,
        restMs: 30_000,
        choices: [{ machineType: 'c7i.xlarge', workers: WORKERS }],
      },
    });
  }

  static async of(options: AwsFleetOptions): Promise<ScaledFleet> {
    return new ScaledFleet(await AwsFleet.of({ wanted: 1, max: 4, ...options }));
  }

  readonly #controlPlane: ControlPlanePort = {
    observe: async () => ({
      nodes: [...this.#agents].map(([id, agent]) => this.#node(id, agent)),
      reservations: [],
      demand: this.demand,
      asOfMs: this.fleet.clock.now(),
    }),
    drain: async (nodeId) => {
      this.#agent(nodeId).node.state = 'drained';
      this.#drained.add(nodeId);
    },
    cancelDrain: async (nodeId) => {
      this.#agent(nodeId).node.state = 'active';
      this.#drained.delete(nodeId);
    },
    report: async () => {},
  };

  #agent(nodeId: string): AwsAgent {
    const agent = this.#agents.get(nodeId);
    if (!agent) throw new HoldfastError('NODE_UNKNOWN', nodeId);
    return agent;
  }

  #node(nodeId: string, { node }: AwsAgent): ObservedNode {
    return {
      nodeId,
      generation: 'lt-0123456789abcdef0:3',
      zone: null,
      state: node.state === 'active' ? 'open' : 'draining',
      machine: machine({ workers: WORKERS }),
      workers: Array.from({ length: WORKERS }, () => ({ cpu: 0, streams: 0 })),
      processCpu: 0.1,
      egressBps: null,
      meetings: [],
      drain: node.state,
      drainedBy: this.#drained.has(nodeId) ? 'autoscaler' : null,
      participants: 0,
    };
  }

  /** One look of the autoscaler, and the time until the next; machines come and go meanwhile. */
  async turn(): Promise<void> {
    // A call of it may fail; it looks again.
    await this.#autoscaler.step().catch(() => {});
    await this.fleet.pass(TURN_MS);
    for (const id of this.fleet.inState('InService'))
      if (!this.#agents.has(id))
        this.#agents.set(id, await AwsAgent.on(await AwsMachine.on(this.fleet, this.fleet.group.get(id))));
    for (const [id, agent] of this.#agents)
      if (!this.fleet.group.instances.has(id)) {
        this.#agents.delete(id);
        await agent.close();
      }
  }

  async turns(what: string, condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 300; turn += 1) {
      if (condition()) return;
      await this.turn();
    }
    throw new Error(`${what} never came`);
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await agent.close();
    await this.fleet.close();
  }
}

describe('the autoscaler on AWS', { timeout: 60_000 }, () => {
  let scaled: ScaledFleet;
  afterEach(() => scaled.close());

  const days: Record<string, { readonly options: AwsFleetOptions; readonly faults?: number }> = {
    'on a good day': { options: {} },
    'in one zone': { options: { zones: ['us-east-1a'] } },
    'where answers get lost and lists are old (seed 1)': {
      options: { staleMs: 9000, secondTermination: 'lowers the wish again' },
      faults: 1,
    },
    'where answers get lost and lists are old (seed 2)': {
      options: { staleMs: 9000, secondTermination: 'lowers the wish again', zones: ['us-east-1a'] },
      faults: 2,
    },
  };
  for (const [day, { options, faults }] of Object.entries(days))
    it(`launches what is asked for and gives back what is not needed any more, ${day}`, async () => {
      scaled = await ScaledFleet.of(options);
      const { fleet } = scaled;
      const { group, api } = fleet;
      if (faults !== undefined) api.fault = seededFaults(seeded(faults));
      const inService = () => fleet.inState('InService').length;
      await scaled.turns('the first node', () => fleet.clock.now() > 0 && inService() === 1);
      // Each takes a whole worker, and one is to be free: a machine of four is too small.
      scaled.demand = ['one', 'two', 'three', 'four'].reduce(
        (demand, meetingId) =>
          wish(demand, { kind: 'refused', meetingId, shares: sharesOf(1200) }, fleet.clock.now()),
        noDemand,
      );
      await scaled.turns('a second machine', () => inService() >= 2);
      scaled.demand = noDemand;
      const most = Math.max(group.desired, inService());
      await scaled.turns('the one that is left', () => inService() === 1 && group.instances.size === 1);
      for (let turn = 0; turn < 12; turn += 1) await scaled.turn();
      expect(group.desired).toBe(1);
      expect(inService()).toBe(1);
      const gone = [...group.ever.values()].filter(({ dead }) => dead);
      expect(gone).toHaveLength(most - 1);
      expect(gone.map(({ completions }) => completions)).toEqual(gone.map(() => 1));
      const sizes = api.calls('SetDesiredCapacity').map(({ form }) => Number(form.get('DesiredCapacity')));
      expect(sizes.toSorted((a, b) => a - b)).toEqual(sizes);
    });
});
