import { NodeRoom } from '@holdfast/media-server/capacity/node-room.ts';
import { type MeetingToPlace, Rooms } from '@holdfast/media-server/capacity/placement.ts';
import type { FleetMember } from '../clouds/types.ts';
import { pendingNode } from './choices.ts';
import type { Observation, ObservedNode } from './observation.ts';
import type { LaunchChoice, ScalingPolicy } from './policy.ts';

/** What follows from an observation before anything is decided: who serves, who is on the way, who asks for room. */
export class Sight {
  readonly nodes: ReadonlyMap<string, ObservedNode>;
  readonly members: ReadonlyMap<string, FleetMember>;
  readonly staying: readonly FleetMember[];
  /** Members that count on paper and never will be of use. */
  readonly hopeless = new Set<string>();
  readonly #observation: Observation;
  readonly #policy: ScalingPolicy;
  readonly #nowMs: number;
  #wishesFound: readonly MeetingToPlace[] | undefined;

  constructor(observation: Observation, policy: ScalingPolicy, nowMs: number) {
    this.#observation = observation;
    this.#policy = policy;
    this.#nowMs = nowMs;
    this.nodes = new Map(observation.platform.nodes.map((node) => [node.nodeId, node]));
    this.members = new Map(observation.fleet.members.map((member) => [member.id, member]));
    this.staying = observation.fleet.members.filter(({ state }) => state !== 'leaving');
  }

  /** Rooms of all that serves, and of what is on its way. */
  rooms(present: LaunchChoice | undefined): Rooms {
    const { fleet, platform } = this.#observation;
    const serving = platform.nodes
      .filter(({ nodeId }) => !this.isLeaving(nodeId))
      // Node and cloud may have different names for what a machine was launched from; the cloud's counts.
      .map((node) => {
        const generation = this.members.get(node.nodeId)?.generation ?? fleet.generation;
        return generation === node.generation ? node : { ...node, generation };
      });
    const rooms = new Rooms(serving, {
      reservations: platform.reservations,
      generation: fleet.generation,
      nowMs: this.#nowMs,
    });
    for (const member of this.arriving)
      rooms.add(pendingNode(member.id, member, member.generation, this.#policy.carries));
    const choice = present ?? this.#policy.choices[0];
    for (let index = 0; index < this.missing && choice; index += 1)
      rooms.add(pendingNode(`missing ${index}`, choice, fleet.generation, this.#policy.carries));
    return rooms;
  }

  /** On their way, or there and not yet heard of. */
  get arriving(): FleetMember[] {
    return this.staying.filter(
      ({ id, state }) =>
        (state === 'launching' || state === 'running') && !this.nodes.has(id) && !this.hopeless.has(id),
    );
  }

  /** Wanted and not even listed yet: the wish and its members are two things. */
  get missing(): number {
    return Math.max(0, this.#observation.fleet.wanted - this.staying.length);
  }

  /** Who asks for room that there is to be within the time that a launch takes, and what drains still hold. */
  get wishes(): readonly MeetingToPlace[] {
    this.#wishesFound ??= [...this.#asking(), ...this.#moving()];
    return this.#wishesFound;
  }

  #asking(): MeetingToPlace[] {
    const choice = this.#policy.choices[0];
    const empty =
      choice && new NodeRoom(pendingNode('empty', choice, '', this.#policy.carries), [], this.#nowMs);
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

  /** Nodes whose drain the autoscaler began, and whose machines are still there. */
  get ownDraining(): ObservedNode[] {
    return this.#observation.platform.nodes.filter(
      ({ nodeId, drain, drainedBy }) =>
        drain !== 'active' && drainedBy === 'autoscaler' && !this.isGoing(nodeId),
    );
  }

  /**
   * Whether nothing depends on this node any more: its machine leaves, or the cloud has none for it and it is silent. The
   * control plane remembers a machine that died without a goodbye for a while.
   */
  isGoing(nodeId: string): boolean {
    return (
      this.isLeaving(nodeId) || (!this.members.has(nodeId) && this.nodes.get(nodeId)?.state === 'unreachable')
    );
  }

  isLeaving(nodeId: string): boolean {
    return this.members.get(nodeId)?.state === 'leaving';
  }
}
