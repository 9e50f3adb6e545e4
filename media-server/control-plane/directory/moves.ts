import type { Logger } from '../../process/logger.ts';
import { HoldfastError, type ParamsOf, type ResultOf, type registryContract } from '../../protocol/index.ts';
import type { DemandBoard } from '../capacity/demand-board.ts';
import type { Placer } from '../capacity/placer.ts';
import type { ControlPlaneMetrics } from '../metrics.ts';
import type { Registry } from '../nodes/registry.ts';
import type { Claims } from './claims.ts';
import type { Directory } from './directory.ts';
import type { Homes } from './homes.ts';
import { moveStatus } from './move-status.ts';

export interface MovesOptions {
  readonly directory: Directory;
  readonly claims: Claims;
  readonly registry: Registry;
  readonly placer: Placer;
  readonly demand: DemandBoard;
  readonly homes: Homes;
  readonly metrics: ControlPlaneMetrics;
  /** Until then an epoch may be in use of which only a node knows that has not registered again yet. */
  readonly settledAtMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

type Registered = typeof registryContract;

/** How soon a node should ask again when there is no room for a meeting it wants to move, ms. */
const RETRY_AFTER_MS = 1000;

/** The control plane's part in a handover that a node runs: a target with room, and the word that the meeting has moved. */
export class Moves {
  readonly #options: MovesOptions;

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  async reserve(
    request: ParamsOf<Registered, 'move.reserve'>,
  ): Promise<ResultOf<Registered, 'move.reserve'>> {
    const { directory, registry, placer, demand, metrics, now, log } = this.#options;
    const { meetingId, epoch, nodeId } = request;
    const from = { nodeId, epoch };
    const unsettledMs = this.#options.settledAtMs - now();
    if (unsettledMs > 0) {
      throw new HoldfastError('NOT_READY', 'nodes are still registering again', {
        retryAfterMs: unsettledMs,
      });
    }
    return placer.choose(
      () => ({ meetingId, shares: request.shares, exclude: [...request.exclude, nodeId] }),
      async (placement, shares) => {
        // A store that was wiped knows nothing of this meeting; its node does.
        await directory.merge(meetingId, [{ ...from, role: 'home' }]);
        if (!placement.placed) {
          log.warn({ meetingId, nodeId, reason: placement.reason }, 'move.no_target');
          await demand.unmet('waiting', meetingId, shares);
          throw new HoldfastError('NO_CAPACITY', `no target for ${meetingId}: ${placement.reason}`, {
            retryAfterMs: RETRY_AFTER_MS,
          });
        }
        const target = await registry.get(placement.nodeId);
        if (!target) throw new HoldfastError('NODE_UNREACHABLE', `node ${placement.nodeId} has just left`);
        const movingTo = await directory.beginMove(meetingId, from, placement.nodeId);
        await placer.beginMove({ meetingId, target: placement.nodeId, shares });
        await demand.met(meetingId);
        log.info({ meetingId, from, to: movingTo, reason: placement.reason }, 'move.begun');
        metrics.move('begun');
        return { target: { nodeId: target.nodeId, rpcUrl: target.rpcUrl }, epoch: movingTo.epoch };
      },
    );
  }

  async commit(request: ParamsOf<Registered, 'move.commit'>): Promise<void> {
    const { directory, claims, homes, placer, metrics, log } = this.#options;
    const { meetingId, epoch, nodeId, target } = request;
    const before = moveStatus(await directory.get(meetingId), { nodeId, epoch }, target);
    // Asked again because the answer was lost: what is done stays done, whatever has become of the target.
    if (before.state === 'committed') return;
    // Just after a start the target may not have registered again, and only it knows the new epoch.
    if (!(await homes.node(target))) {
      throw new HoldfastError('TARGET_LOST', `the target ${target} is not reachable`);
    }
    await claims.mergeFrom(target);
    await directory.commitMove(meetingId, { nodeId, epoch }, target);
    await placer.follow(meetingId, target);
    log.info({ meetingId, from: nodeId, to: target }, 'move.committed');
    metrics.move('committed');
  }

  async status(request: ParamsOf<Registered, 'move.status'>): Promise<ResultOf<Registered, 'move.status'>> {
    const { directory, claims, registry, homes } = this.#options;
    const { meetingId, epoch, nodeId, target } = request;
    // Just after a start only the two nodes know of the move.
    if (target !== undefined && (await homes.node(target))) await claims.mergeFrom(target);
    await claims.mergeFrom(nodeId);
    const { state, place } = moveStatus(await directory.get(meetingId), { nodeId, epoch }, target);
    const node = place && (await registry.get(place.nodeId));
    return node ? { state, place: { ...place, rpcUrl: node.rpcUrl } } : { state };
  }

  async abort(request: ParamsOf<Registered, 'move.abort'>): Promise<void> {
    const { directory, placer, metrics, log } = this.#options;
    const { meetingId, epoch, nodeId, target } = request;
    await directory.abortMove(meetingId, { nodeId, epoch }, target);
    await placer.abortMove(meetingId, target);
    log.info({ meetingId, from: nodeId, to: target }, 'move.aborted');
    metrics.move('aborted');
  }
}
