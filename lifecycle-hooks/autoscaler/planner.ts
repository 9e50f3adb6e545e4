import { isKnown } from '@holdfast/media-server/capacity/node-room.ts';
import type { Rooms } from '@holdfast/media-server/capacity/placement.ts';
import { MOST_REASON_CHARACTERS } from '@holdfast/media-server/protocol/index.ts';
import type { FleetMember } from '../clouds/types.ts';
import { isResting, pendingNode, presentChoice, restChoices } from './choices.ts';
import { counted } from './counted.ts';
import type { Decision } from './decision.ts';
import { type Memory, remembered } from './memory.ts';
import type { Observation, ObservedNode } from './observation.ts';
import { choiceKey, type LaunchChoice, type ScalingPolicy } from './policy.ts';
import { fitElsewhere, meetingsToMove, needsOf, shortage } from './shortage.ts';
import { Sight } from './sight.ts';

export interface Plan {
  /** In the order in which they matter. Whoever acts does the first and looks again. */
  readonly decisions: readonly [Decision, ...Decision[]];
  readonly memory: Memory;
}

/** A machine that has failed may be mended by its group; after this long it is not expected to be, ms. */
const MENDED_WITHIN_MS = 60_000;
/** Victims that are looked at, the cheapest first; if none of these can go, the others hardly can. */
const VICTIMS_LOOKED_AT = 8;

/** Decides from what is observed. Pure: the same in, the same out. */
export function plan(observation: Observation, policy: ScalingPolicy, before: Memory, nowMs: number): Plan {
  const look = new Look(observation, policy, remembered(observation, policy, before, nowMs), nowMs);
  const [first, ...rest] = look.decide().map(withBriefReason);
  return {
    decisions: first ? [first, ...rest] : [{ type: 'hold', reason: 'nothing to do' }],
    memory: look.memory,
  };
}

class Look {
  readonly #observation: Observation;
  readonly #policy: ScalingPolicy;
  readonly #nowMs: number;
  readonly #sight: Sight;
  #memory: Memory;

  constructor(observation: Observation, policy: ScalingPolicy, memory: Memory, nowMs: number) {
    this.#observation = observation;
    this.#policy = policy;
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.#sight = new Sight(observation, policy, nowMs);
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** Launches that do not arrive, and machines that failed. What each was launched as is left alone for a while. */
  #givenUp(): Decision[] {
    return this.#sight.staying.flatMap((member): Decision[] => {
      const why = this.#hopelessBecause(member);
      if (why === undefined) return [];
      this.#sight.hopeless.add(member.id);
      if (member.state === 'launching' || isOfCloud(member))
        this.#memory = restChoices(this.#memory, member, this.#policy, this.#nowMs);
      if (this.#resting(member.id) || (member.state === 'running' && !this.#mayReleaseUnheard(member)))
        return [];
      const type = member.state === 'running' ? 'release' : 'give-up';
      return [{ type, nodeId: member.id, reason: `${member.id}: ${why}` }];
    });
  }

  /**
   * One that runs may hold people although it is not heard of; its release is a notice to its agent, which looks first. When
   * many are not heard of, it is rather us who do not hear.
   */
  #mayReleaseUnheard({ releasable }: FleetMember): boolean {
    const { troubledSinceMs } = this.#memory;
    const running = this.#sight.staying.filter(({ state }) => state === 'running');
    const unheard = running.filter(({ id }) => troubledSinceMs.has(id)).length;
    return releasable.ok && unheard < running.length && unheard <= Math.max(1, running.length / 5);
  }

  #hopelessBecause(member: FleetMember): string | undefined {
    const { launchDeadlineMs } = this.#policy;
    const troubledForMs = this.#nowMs - (this.#memory.troubledSinceMs.get(member.id) ?? this.#nowMs);
    switch (member.state) {
      case 'launching':
        if (this.#nowMs - member.launchedAtMs < launchDeadlineMs) return undefined;
        return `launched ${seconds(this.#nowMs - member.launchedAtMs)} ago and has not arrived`;
      case 'failed':
        if (isOfCloud(member)) return `the cloud has none: ${member.failure.message}`;
        return troubledForMs >= MENDED_WITHIN_MS ? `failed: ${member.failure.message}` : undefined;
      case 'running':
        return troubledForMs >= launchDeadlineMs
          ? `the cloud says that it runs, and it has not been heard of for ${seconds(troubledForMs)}`
          : undefined;
      case 'leaving':
        return undefined;
    }
  }

  decide(): Decision[] {
    const { fleet, platform } = this.#observation;
    const { staleAfterMs } = this.#policy;
    const fleetAgeMs = this.#nowMs - fleet.asOfMs;
    const platformAgeMs = this.#nowMs - platform.asOfMs;
    if (fleetAgeMs > staleAfterMs) {
      this.#notSurplus();
      return [hold(`what the cloud says is ${seconds(fleetAgeMs)} old`)];
    }
    const min = Math.max(this.#policy.minNodes, fleet.limits.min);
    const below =
      fleet.wanted < min ? this.#grow(min - fleet.wanted, `the fleet is below its minimum of ${min}`) : [];
    if (platformAgeMs > staleAfterMs) {
      this.#notSurplus();
      return [...below, hold(`what the control plane says is ${seconds(platformAgeMs)} old`)];
    }
    const certain = [...this.#givenUp(), ...this.#released(), ...below];
    if (below.length > 0) return certain;
    const rooms = this.#sight.rooms(this.#choice);
    const lack = shortage(rooms, needsOf(this.#sight.wishes, this.#policy));
    if (lack === undefined) return [...certain, ...this.#giveBack(rooms)];
    this.#notSurplus();
    return [...certain, ...this.#meet(lack, rooms)];
  }

  /** Nodes past the point of no return: nothing is gained by keeping them. */
  #released(): Decision[] {
    return this.#sight.ownDraining
      .filter(
        ({ nodeId, drain }) =>
          drain === 'released' && this.#sight.members.get(nodeId)?.releasable.ok && !this.#resting(nodeId),
      )
      .map(({ nodeId }) => ({ type: 'release', nodeId, reason: `${nodeId} is released` }));
  }

  /** Room is lacking: own drains are taken back first, since that is at once and free; then machines are launched. */
  #meet(lack: string, rooms: Rooms): Decision[] {
    const own = this.#sight.ownDraining
      .filter(({ nodeId, drain }) => drain !== 'released' && !this.#resting(nodeId))
      .sort((a, b) => b.participants - a.participants || byId(a, b))[0];
    if (own) return [{ type: 'cancel-drain', nodeId: own.nodeId, reason: `${lack}; its drain was our own` }];
    const choice = this.#choice;
    if (!choice) return [hold(`${lack}; every choice of zone and type has failed lately`)];
    const { launchesAtOnce } = this.#policy;
    let more = 0;
    do {
      rooms.add(
        pendingNode(`more ${more}`, choice, this.#observation.fleet.generation, this.#policy.carries),
      );
      more += 1;
    } while (
      more < launchesAtOnce &&
      shortage(rooms, needsOf(this.#sight.wishes, this.#policy)) !== undefined
    );
    return this.#grow(more, lack);
  }

  #grow(more: number, why: string): Decision[] {
    const { wanted, limits } = this.#observation.fleet;
    const max = Math.min(this.#policy.maxNodes, limits.max);
    const to = Math.min(max, wanted + more);
    if (to <= wanted) return [hold(`${why}; the fleet is at its maximum of ${max}`)];
    const choice = this.#choice;
    if (!choice) return [hold(`${why}; every choice of zone and type has failed lately`)];
    const { workers: _, ...prefer } = choice;
    this.#memory = { ...this.#memory, grownAtMs: this.#nowMs };
    return [{ type: 'grow', to, prefer, reason: `${why}; ${wanted} → ${to} as ${choiceKey(choice)}` }];
  }

  /** Machines that are being given back, and one more while there may be more at once. */
  #giveBack(rooms: Rooms): Decision[] {
    const under = this.#ownDrains();
    const full = this.#sight.ownDraining.length >= this.#policy.drainsAtOnce;
    return full || under.some(({ type }) => type !== 'hold') ? under : [...this.#shrink(rooms), ...under];
  }

  #ownDrains(): Decision[] {
    const decisions: Decision[] = [];
    for (const { nodeId, drain, meetings } of this.#sight.ownDraining) {
      const member = this.#sight.members.get(nodeId);
      if (!member || drain === 'released' || this.#resting(nodeId)) continue;
      if (!member.releasable.ok) {
        const reason = `it cannot be released: ${member.releasable.why}`;
        decisions.push({ type: 'cancel-drain', nodeId, reason });
      } else if (drain === 'drained' && meetings.length === 0) {
        decisions.push({ type: 'release', nodeId, reason: 'it is empty' });
      } else {
        decisions.push(hold(`${nodeId} gives up its meetings, ${meetings.length} left`));
      }
    }
    return decisions;
  }

  #shrink(rooms: Rooms): Decision[] {
    const why = this.#notShrinking();
    if (why !== undefined) {
      this.#notSurplus();
      return [hold(why)];
    }
    const { fleet } = this.#observation;
    const old = this.#sight.staying.filter(
      ({ id, generation }) => generation !== fleet.generation && !this.#sight.hopeless.has(id),
    );
    const mayGo = fleet.wanted > Math.max(this.#policy.minNodes, fleet.limits.min);
    if (old.length > 0) {
      // Since when a machine was surplus says nothing of the fleet that is there when all are replaced.
      this.#notSurplus();
      const replaced = mayGo ? this.#victim(rooms, old, 0) : undefined;
      if (replaced) return [this.#drain(replaced, `of an old generation; ${replaced.why}`)];
      const choice = this.#choice;
      if (choice) rooms.add(pendingNode('one more', choice, fleet.generation, this.#policy.carries));
      return this.#victim(rooms, old, 0)
        ? this.#grow(1, `${counted(old.length, 'machine')} of an old generation; one of the new comes first`)
        : [hold(`${counted(old.length, 'machine')} of an old generation; none may go now`)];
    }
    const victim = mayGo ? this.#victim(rooms, this.#sight.staying, this.#policy.slackWorkers) : undefined;
    if (!victim) {
      this.#notSurplus();
      return [
        hold(mayGo ? 'no machine can go with the headroom still there' : 'the fleet is at its minimum'),
      ];
    }
    const sinceMs = this.#memory.surplusSinceMs ?? this.#nowMs;
    this.#memory = { ...this.#memory, surplusSinceMs: sinceMs };
    const forMs = this.#nowMs - sinceMs;
    const { surplusForMs } = this.#policy;
    if (forMs < surplusForMs)
      return [hold(`${victim.node.nodeId} is surplus, for ${seconds(forMs)} of ${seconds(surplusForMs)}`)];
    this.#notSurplus();
    return [this.#drain(victim, `surplus for ${seconds(forMs)}; ${victim.why}`)];
  }

  #drain({ node }: { readonly node: ObservedNode }, reason: string): Decision {
    return { type: 'drain', nodeId: node.nodeId, reason: `${node.nodeId}: ${reason}` };
  }

  /** What forbids giving back any machine now. */
  #notShrinking(): string | undefined {
    const { nodes } = this.#observation.platform;
    const { grownAtMs } = this.#memory;
    const { graceMs } = this.#policy;
    const unknown = nodes.find((node) => node.state === 'open' && !isKnown(node));
    if (unknown) return `the load of ${unknown.nodeId} is not known`;
    const unreachable = nodes.find(
      (node) => node.state === 'unreachable' && !this.#sight.isGoing(node.nodeId),
    );
    if (unreachable) return `${unreachable.nodeId} is not reachable`;
    const failed = this.#sight.staying.find(({ state }) => state === 'failed');
    if (failed) return `${failed.id} has failed`;
    const arriving = this.#sight.arriving.length + this.#sight.missing;
    if (arriving > 0) return `${counted(arriving, 'machine')} on the way`;
    if (this.#observation.platform.demand.wishes.some(({ kind }) => kind !== 'announced'))
      return 'somebody asks for room';
    if (grownAtMs !== null && this.#nowMs - grownAtMs < graceMs)
      return `machines were launched ${seconds(this.#nowMs - grownAtMs)} ago`;
    return undefined;
  }

  /** The machine that is cheapest to evacuate among those whose meetings fit elsewhere with the headroom still there. */
  #victim(rooms: Rooms, members: readonly FleetMember[], slackWorkers: number) {
    const byNode = Map.groupBy(this.#observation.platform.reservations, ({ nodeId }) => nodeId);
    const needs = needsOf(this.#sight.wishes, this.#policy, slackWorkers);
    const candidates = members
      .flatMap((member) => {
        const node = this.#sight.nodes.get(member.id);
        return node && this.#mayBeVictim(member, node) ? [node] : [];
      })
      .sort(
        (a, b) =>
          costOf(a, byNode) - costOf(b, byNode) || a.meetings.length - b.meetings.length || byId(a, b),
      );
    for (const node of candidates.slice(0, VICTIMS_LOOKED_AT)) {
      const meetings = meetingsToMove(node, byNode.get(node.nodeId) ?? [], this.#nowMs);
      if (fitElsewhere(rooms, node.nodeId, meetings, (others) => shortage(others, needs)) === undefined) {
        const why =
          meetings.length === 0
            ? 'it holds nothing'
            : `${counted(meetings.length, 'meeting')} with ${counted(node.participants, 'person', 'people')} would have room elsewhere with the headroom still there`;
        return { node, why };
      }
    }
    return undefined;
  }

  #mayBeVictim({ state, launchedAtMs, releasable }: FleetMember, node: ObservedNode): boolean {
    return (
      state === 'running' &&
      releasable.ok &&
      node.state === 'open' &&
      node.drain === 'active' &&
      this.#nowMs - launchedAtMs >= this.#policy.graceMs &&
      !this.#resting(node.nodeId)
    );
  }

  get #choice(): LaunchChoice | undefined {
    return presentChoice(this.#policy, this.#memory, this.#nowMs);
  }

  #resting(what: string): boolean {
    return isResting(this.#memory, what, this.#nowMs);
  }

  #notSurplus(): void {
    this.#memory = { ...this.#memory, surplusSinceMs: null };
  }
}

/** Whether it is the cloud that has nothing of the kind. */
function isOfCloud(member: FleetMember): member is FleetMember & { state: 'failed' } {
  return member.state === 'failed' && ['CLOUD_NO_CAPACITY', 'CLOUD_QUOTA'].includes(member.failure.code);
}

/** People who would be moved; a meeting that is still to come is a promise, and counts as one. */
function costOf(node: ObservedNode, reservations: ReadonlyMap<string, readonly unknown[]>): number {
  return node.participants + (reservations.get(node.nodeId)?.length ?? 0);
}

/** A cloud's message is part of some reasons, and may be pages. Who is told decisions takes no more than so much. */
function withBriefReason<D extends Decision>(decision: D): D {
  return { ...decision, reason: decision.reason.slice(0, MOST_REASON_CHARACTERS) };
}

function hold(reason: string): Decision {
  return { type: 'hold', reason };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function byId(a: { readonly nodeId: string }, b: { readonly nodeId: string }): number {
  return a.nodeId < b.nodeId ? -1 : 1;
}
