import { type CapacityNode, isKnown, NodeRoom } from '@holdfast/media-server/capacity/node-room.ts';
import { type MeetingToPlace, Rooms } from '@holdfast/media-server/capacity/placement.ts';
import type { FleetMember, LaunchPreference } from '../clouds/types.ts';
import type { Decision } from './decision.ts';
import { type Memory, remembered } from './memory.ts';
import type { Observation, ObservedNode } from './observation.ts';
import { choiceKey, type LaunchChoice, machineOf, type ScalingPolicy } from './policy.ts';
import { fitElsewhere, meetingsToMove, needsOf, shortage } from './shortage.ts';

export interface Plan {
  /** In the order in which they matter. Whoever acts does the first and looks again. */
  readonly decisions: readonly [Decision, ...Decision[]];
  readonly memory: Memory;
}

/** A machine that has failed may be mended by its group; after this long it is not expected to be, ms. */
const MENDED_WITHIN_MS = 60_000;
/** When every choice has failed, the one that failed first is tried again after so long, ms. */
const TRY_AGAIN_MS = 60_000;
/** Victims that are looked at, the cheapest first; if none of these can go, the others hardly can. */
const VICTIMS_LOOKED_AT = 8;

/** Decides from what is observed. Pure: the same in, the same out. */
export function plan(observation: Observation, policy: ScalingPolicy, before: Memory, nowMs: number): Plan {
  const look = new Look(observation, policy, remembered(observation, policy, before, nowMs), nowMs);
  const [first, ...rest] = look.decide();
  return {
    decisions: first ? [first, ...rest] : [{ type: 'hold', reason: 'nothing to do' }],
    memory: look.memory,
  };
}

class Look {
  readonly #observation: Observation;
  readonly #policy: ScalingPolicy;
  readonly #nowMs: number;
  readonly #nodes: ReadonlyMap<string, ObservedNode>;
  readonly #members: ReadonlyMap<string, FleetMember>;
  readonly #staying: readonly FleetMember[];
  /** Members that count on paper and never will be of use. */
  readonly #hopeless = new Set<string>();
  #memory: Memory;

  constructor(observation: Observation, policy: ScalingPolicy, memory: Memory, nowMs: number) {
    this.#observation = observation;
    this.#policy = policy;
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.#nodes = new Map(observation.platform.nodes.map((node) => [node.nodeId, node]));
    this.#members = new Map(observation.fleet.members.map((member) => [member.id, member]));
    this.#staying = observation.fleet.members.filter(({ state }) => state !== 'leaving');
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** Launches that do not arrive, and machines that failed. What each was launched as is left alone for a while. */
  #givenUp(): Decision[] {
    return this.#staying.flatMap((member): Decision[] => {
      const why = this.#hopelessBecause(member);
      if (why === undefined) return [];
      this.#hopeless.add(member.id);
      if (member.state === 'launching' || isOfCloud(member)) this.#rest(choiceOf(member));
      if (this.#resting(member.id)) return [];
      const type = member.state === 'running' ? 'release' : 'give-up';
      return [{ type, nodeId: member.id, reason: `${member.id}: ${why}` }];
    });
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
        // It may hold people all the same: its release is a notice to its agent, which looks first.
        return troubledForMs >= launchDeadlineMs && member.releasable.ok
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
    const rooms = this.#rooms();
    const lack = shortage(rooms, needsOf(this.#wishes, this.#policy));
    if (lack === undefined) return [...certain, ...(this.#ownDrains() ?? this.#shrink(rooms))];
    this.#notSurplus();
    return [...certain, ...this.#meet(lack, rooms)];
  }

  /** Nodes past the point of no return: nothing is gained by keeping them. */
  #released(): Decision[] {
    return this.#ownDraining
      .filter(
        ({ nodeId, drain }) =>
          drain === 'released' && this.#member(nodeId)?.releasable.ok && !this.#resting(nodeId),
      )
      .map(({ nodeId }) => ({ type: 'release', nodeId, reason: `${nodeId} is released` }));
  }

  /** Rooms of all that serves, and of what is on its way. */
  #rooms(): Rooms {
    const { fleet, platform } = this.#observation;
    const serving = platform.nodes
      .filter(({ nodeId }) => !this.#isLeaving(nodeId))
      // Node and cloud may have different names for what a machine was launched from; the cloud's counts.
      .map((node) => {
        const generation = this.#member(node.nodeId)?.generation ?? fleet.generation;
        return generation === node.generation ? node : { ...node, generation };
      });
    const rooms = new Rooms(serving, {
      reservations: platform.reservations,
      generation: fleet.generation,
      nowMs: this.#nowMs,
    });
    for (const member of this.#arriving) rooms.add(pendingNode(member.id, member, member.generation));
    const choice = this.#choice ?? this.#policy.choices[0];
    for (let index = 0; index < this.#missing && choice; index += 1)
      rooms.add(pendingNode(`missing ${index}`, choice, fleet.generation));
    return rooms;
  }

  /** On their way, or there and not yet heard of. */
  get #arriving(): FleetMember[] {
    return this.#staying.filter(
      ({ id, state }) =>
        (state === 'launching' || state === 'running') && !this.#nodes.has(id) && !this.#hopeless.has(id),
    );
  }

  /** Wanted and not even listed yet: the wish and its members are two things. */
  get #missing(): number {
    return Math.max(0, this.#observation.fleet.wanted - this.#staying.length);
  }

  /** Who asks for room that there is to be within the time that a launch takes, and what drains still hold. */
  get #wishes(): readonly MeetingToPlace[] {
    this.#wishesFound ??= [...this.#asking(), ...this.#moving()];
    return this.#wishesFound;
  }
  #wishesFound: readonly MeetingToPlace[] | undefined;

  #asking(): MeetingToPlace[] {
    const choice = this.#policy.choices[0];
    const empty = choice && new NodeRoom(pendingNode('empty', choice, ''), [], this.#nowMs);
    return (
      this.#observation.platform.demand.wishes
        .filter((each) => each.kind !== 'announced' || each.startsAtMs - this.#nowMs <= this.#policy.leadMs)
        // What would not fit on a machine of its own is no reason to launch one.
        .filter(({ shares }) => empty?.fit(shares))
        .map(({ meetingId, kind, shares }) => ({ meetingId: `${meetingId} ${kind}`, shares }))
    );
  }

  /** Meetings on draining nodes that have no room elsewhere yet: neither a reservation nor a place, nor a wish. */
  #moving(): MeetingToPlace[] {
    const { nodes, reservations, demand } = this.#observation.platform;
    const draining = nodes.filter(({ state }) => state === 'draining');
    const open = new Map(
      draining.flatMap(({ meetings }) =>
        meetings.map(({ meetingId, shares }) => [meetingId, { meetingId, shares }]),
      ),
    );
    if (open.size === 0) return [];
    for (const { meetingId, purpose } of reservations) if (purpose === 'move') open.delete(meetingId);
    for (const { meetingId, kind } of demand.wishes) if (kind === 'waiting') open.delete(meetingId);
    for (const { state, meetings } of nodes)
      if (state === 'open') for (const { meetingId } of meetings) open.delete(meetingId);
    return [...open.values()];
  }

  /** Room is lacking: own drains are taken back first, since that is at once and free; then machines are launched. */
  #meet(lack: string, rooms: Rooms): Decision[] {
    const own = this.#ownDraining
      .filter(({ nodeId, drain }) => drain !== 'released' && !this.#resting(nodeId))
      .sort((a, b) => b.participants - a.participants || byId(a, b))[0];
    if (own) return [{ type: 'cancel-drain', nodeId: own.nodeId, reason: `${lack}; its drain was our own` }];
    const choice = this.#choice;
    if (!choice) return [hold(`${lack}; every choice of zone and type has failed lately`)];
    const { launchesAtOnce } = this.#policy;
    let more = 0;
    do {
      rooms.add(pendingNode(`more ${more}`, choice, this.#observation.fleet.generation));
      more += 1;
    } while (more < launchesAtOnce && shortage(rooms, needsOf(this.#wishes, this.#policy)) !== undefined);
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

  /** What becomes of the machines that are being given back; undefined: there is none, or there may be more. */
  #ownDrains(): Decision[] | undefined {
    const decisions: Decision[] = [];
    for (const { nodeId, drain, meetings } of this.#ownDraining) {
      const member = this.#member(nodeId);
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
    return decisions.length > 0 ? decisions : undefined;
  }

  #shrink(rooms: Rooms): Decision[] {
    const why = this.#notShrinking();
    if (why !== undefined) {
      this.#notSurplus();
      return [hold(why)];
    }
    const { fleet } = this.#observation;
    const old = this.#staying.filter(
      ({ id, generation }) => generation !== fleet.generation && !this.#hopeless.has(id),
    );
    const mayGo = fleet.wanted > Math.max(this.#policy.minNodes, fleet.limits.min);
    const replaced = mayGo ? this.#victim(rooms, old, 0) : undefined;
    if (replaced) return [this.#drain(replaced, `of an old generation; ${replaced.why}`)];
    if (old.length > 0) {
      this.#notSurplus();
      const choice = this.#choice;
      if (choice) rooms.add(pendingNode('one more', choice, fleet.generation));
      return this.#victim(rooms, old, 0)
        ? this.#grow(1, `${old.length} machines are of an old generation; one of the new comes first`)
        : [hold(`${old.length} machines are of an old generation; none may go now`)];
    }
    const victim = mayGo ? this.#victim(rooms, this.#staying, this.#policy.slackWorkers) : undefined;
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
    const { graceMs, drainsAtOnce } = this.#policy;
    const unknown = nodes.find((node) => node.state === 'open' && !isKnown(node));
    if (unknown) return `the load of ${unknown.nodeId} is not known`;
    const unreachable = nodes.find((node) => node.state === 'unreachable' && !this.#isLeaving(node.nodeId));
    if (unreachable) return `${unreachable.nodeId} is not reachable`;
    const arriving = this.#arriving.length + this.#missing;
    if (arriving > 0) return `${arriving} machines are on their way`;
    if (this.#observation.platform.demand.wishes.some(({ kind }) => kind !== 'announced'))
      return 'somebody asks for room';
    if (this.#ownDraining.length >= drainsAtOnce) return `${drainsAtOnce} machines are being given back`;
    if (grownAtMs !== null && this.#nowMs - grownAtMs < graceMs)
      return `machines were launched ${seconds(this.#nowMs - grownAtMs)} ago`;
    return undefined;
  }

  /** The machine that is cheapest to evacuate among those whose meetings fit elsewhere with the headroom still there. */
  #victim(rooms: Rooms, members: readonly FleetMember[], slackWorkers: number) {
    const byNode = Map.groupBy(this.#observation.platform.reservations, ({ nodeId }) => nodeId);
    const needs = needsOf(this.#wishes, this.#policy, slackWorkers);
    const candidates = members
      .flatMap((member) => {
        const node = this.#nodes.get(member.id);
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
            : `its ${meetings.length} meetings with ${node.participants} people fit elsewhere with the headroom still there`;
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

  get #ownDraining(): ObservedNode[] {
    return this.#observation.platform.nodes.filter(
      ({ nodeId, drain, drainedBy }) =>
        drain !== 'active' && drainedBy === 'autoscaler' && !this.#isLeaving(nodeId),
    );
  }

  #isLeaving(nodeId: string): boolean {
    return this.#member(nodeId)?.state === 'leaving';
  }

  #member(nodeId: string): FleetMember | undefined {
    return this.#members.get(nodeId);
  }

  /** The first that has not failed lately; when all have, the one that failed first, after a shorter pause. */
  get #choice(): LaunchChoice | undefined {
    const { choices, restMs } = this.#policy;
    const fresh = choices.find((choice) => !this.#resting(choiceKey(choice)));
    if (fresh) return fresh;
    const untilMs = (choice: LaunchChoice) => this.#memory.restsUntilMs.get(choiceKey(choice)) ?? 0;
    const [first] = choices.toSorted((a, b) => untilMs(a) - untilMs(b));
    return first && this.#nowMs - (untilMs(first) - restMs) >= TRY_AGAIN_MS ? first : undefined;
  }

  #rest(choice: LaunchPreference): void {
    const failed = this.#policy.choices.filter(
      (each) => covers(each, choice) && !this.#resting(choiceKey(each)),
    );
    const untilMs = this.#nowMs + this.#policy.restMs;
    const restsUntilMs = new Map(this.#memory.restsUntilMs);
    for (const each of failed) restsUntilMs.set(choiceKey(each), untilMs);
    this.#memory = { ...this.#memory, restsUntilMs };
  }

  #resting(what: string): boolean {
    return (this.#memory.restsUntilMs.get(what) ?? 0) > this.#nowMs;
  }

  #notSurplus(): void {
    this.#memory = { ...this.#memory, surplusSinceMs: null };
  }
}

/** What a launch was asked for as, when it is the cloud that has nothing of the kind. */
function isOfCloud(member: FleetMember): member is FleetMember & { state: 'failed' } {
  return member.state === 'failed' && ['CLOUD_NO_CAPACITY', 'CLOUD_QUOTA'].includes(member.failure.code);
}

function choiceOf({ zone, machineType, market }: FleetMember): LaunchPreference {
  return { ...(zone === null ? {} : { zone }), machineType, market };
}

/** Whether what was launched may have been launched as this choice. */
function covers(choice: LaunchChoice, launched: LaunchPreference): boolean {
  return (
    choice.machineType === launched.machineType &&
    (choice.zone === undefined || launched.zone === undefined || choice.zone === launched.zone) &&
    (choice.market === undefined || choice.market === launched.market)
  );
}

/** An empty node that is not there yet. */
function pendingNode(
  nodeId: string,
  member: { readonly machineType: string; readonly workers: number; readonly zone?: string | null },
  generation: string,
): CapacityNode {
  return {
    nodeId,
    generation,
    zone: member.zone ?? null,
    state: 'open',
    machine: machineOf(member),
    workers: Array.from({ length: member.workers }, () => ({ cpu: 0, streams: 0 })),
    processCpu: 0,
    egressBps: 0,
    meetings: [],
  };
}

/** People who would be moved; a meeting that is still to come is a promise, and counts as one. */
function costOf(node: ObservedNode, reservations: ReadonlyMap<string, readonly unknown[]>): number {
  return node.participants + (reservations.get(node.nodeId)?.length ?? 0);
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
