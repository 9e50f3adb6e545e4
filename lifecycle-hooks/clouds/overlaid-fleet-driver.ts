import type { Clock } from '@holdfast/media-server/process/clock.ts';
import type { Fleet, FleetDriver, FleetMember, Growth } from './types.ts';

interface Accepted {
  readonly atMs: number;
  /** What is wanted since. */
  readonly wanted: number;
  /** Who leaves since; absent: it was a growth. */
  readonly leaves?: string;
}

/**
 * A driver whose description may be old, made to show what it has accepted. An operation is laid over every description
 * that may be older than the operation; what is said to be as of later has it in already. What is described must be of one
 * moment: a wish that is fresh and members that are not would count an operation twice.
 */
export class OverlaidFleetDriver implements FleetDriver {
  readonly #inner: FleetDriver;
  readonly #clock: Clock;
  #accepted: readonly Accepted[] = [];
  readonly #grown = new Set<string>();

  constructor(inner: FleetDriver, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  async describe(): Promise<Fleet> {
    const fleet = await this.#inner.describe();
    this.#accepted = this.#accepted.filter(({ atMs }) => atMs >= fleet.asOfMs);
    return overlaid(fleet, this.#accepted);
  }

  async grow(growth: Growth): Promise<void> {
    const { wanted } = await this.describe();
    await this.#inner.grow(growth);
    // The same operation again grows nothing, however much was released meanwhile.
    const repeated = this.#grown.has(growth.operationId);
    this.#grown.add(growth.operationId);
    this.#accept({ wanted: repeated ? wanted : Math.max(wanted, growth.to) });
  }

  async giveUp(memberId: string, operationId: string): Promise<void> {
    await this.#leave(memberId, () => this.#inner.giveUp(memberId, operationId));
  }

  async release(memberId: string, operationId: string): Promise<void> {
    await this.#leave(memberId, () => this.#inner.release(memberId, operationId));
  }

  async #leave(memberId: string, call: () => Promise<void>): Promise<void> {
    const { members, wanted } = await this.describe();
    const member = members.find(({ id }) => id === memberId);
    await call();
    if (member) this.#accept({ wanted: member.state === 'leaving' ? wanted : wanted - 1, leaves: memberId });
  }

  #accept(operation: Omit<Accepted, 'atMs'>): void {
    this.#accepted = [...this.#accepted, { ...operation, atMs: this.#clock.now() }];
  }
}

/** The description as it is with these operations, the oldest first. */
function overlaid(fleet: Fleet, accepted: readonly Accepted[]): Fleet {
  const last = accepted.at(-1);
  if (!last) return fleet;
  const leaving = new Set(accepted.flatMap(({ leaves }) => leaves ?? []));
  const members = fleet.members.map((member) => (leaving.has(member.id) ? asLeaving(member) : member));
  return { ...fleet, wanted: last.wanted, members };
}

function asLeaving(member: FleetMember): FleetMember {
  return { ...member, state: 'leaving', releasable: { ok: false, why: 'it leaves already' } };
}
