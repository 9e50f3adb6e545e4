import type { HeldMeeting, NodeVerdict } from '../../protocol/index.ts';
import type { RegisteredNode, Registry } from '../nodes/registry.ts';
import type { Directory } from './directory.ts';
import { type Claim, isSettled } from './directory-entry.ts';
import { verdictOf } from './verdicts.ts';

/** Unchanged claims are merged again this often, in case the store was wiped meanwhile, ms. */
const MERGE_AGAIN_MS = 5000;
/** A directory entry that its own node does not confirm for this long is left over from something, ms. */
const UNCONFIRMED_MS = 60_000;

/**
 * Rebuilds the directory from what nodes say they hold, and clears away what no node confirms. Only reachable nodes
 * count: a lost one that comes back brings older epochs, which the directory knows to be over.
 */
export class Claims {
  readonly #directory: Directory;
  readonly #registry: Registry;
  readonly #now: () => number;
  readonly #merged = new Map<string, { fingerprint: string; atMs: number }>();

  constructor(directory: Directory, registry: Registry, now: () => number) {
    this.#directory = directory;
    this.#registry = registry;
    this.#now = now;
  }

  /**
   * Something was heard of this node. All nodes are read only when it says something new, or the directory does not have
   * what it says: a hundred nodes that each read all others every few seconds are ten thousand rows.
   */
  async mergeFrom(nodeId: string): Promise<void> {
    const node = await this.#registry.get(nodeId);
    if (!node?.reachable) return;
    const fingerprint = node.meetings
      .map((held) => `${held.meetingId} ${held.epoch} ${held.role}`)
      .join('\n');
    const before = this.#merged.get(nodeId);
    if (before?.fingerprint === fingerprint && this.#now() - before.atMs < MERGE_AGAIN_MS) return;
    this.#merged.set(nodeId, { fingerprint, atMs: this.#now() });
    if (before?.fingerprint === fingerprint && (await this.#allSettled(node))) return;
    const wanted = new Set(node.meetings.map(({ meetingId }) => meetingId));
    const claims = new Map<string, Claim[]>();
    for (const other of await this.#registry.list()) {
      if (!other.reachable) continue;
      for (const { meetingId, epoch, role } of other.meetings) {
        if (!wanted.has(meetingId)) continue;
        const claim = { nodeId: other.nodeId, epoch, role };
        claims.set(meetingId, [...(claims.get(meetingId) ?? []), claim]);
      }
    }
    for (const [meetingId, all] of claims) await this.#directory.merge(meetingId, all);
  }

  async #allSettled({ nodeId, meetings }: RegisteredNode): Promise<boolean> {
    const settled = await Promise.all(
      meetings.map(async ({ meetingId, epoch, role }) =>
        isSettled(await this.#directory.row(meetingId), { nodeId, epoch, role }),
      ),
    );
    return settled.every(Boolean);
  }

  /** What this node must do about what it holds, because the directory knows better. */
  async verdict(nodeId: string, meetings: readonly HeldMeeting[]): Promise<NodeVerdict> {
    const held = await Promise.all(
      meetings.map(async ({ meetingId, epoch, role }) => ({
        meetingId,
        claim: { nodeId, epoch, role },
        entry: await this.#directory.row(meetingId),
      })),
    );
    return verdictOf(held, this.#now());
  }

  /** Its next claims are merged whatever they are. */
  forget(nodeId: string): void {
    this.#merged.delete(nodeId);
  }

  /** Ends entries whose home has not spoken of them for long: the word of their end got lost. */
  async endUnconfirmed(): Promise<void> {
    const nowMs = this.#now();
    const nodes = new Map((await this.#registry.list()).map((node) => [node.nodeId, node]));
    for (const [meetingId, entry] of await this.#directory.list()) {
      if (nowMs - entry.changedAtMs < UNCONFIRMED_MS) continue;
      const home = nodes.get(entry.nodeId);
      if (home?.reachable && home.meetings.some((held) => held.meetingId === meetingId)) continue;
      if (home && !home.reachable && nowMs - home.lastHeartbeatAtMs < UNCONFIRMED_MS) continue;
      await this.#directory.end(meetingId, { nodeId: entry.nodeId, epoch: entry.epoch });
    }
  }
}
