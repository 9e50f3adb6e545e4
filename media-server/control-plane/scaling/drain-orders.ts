import type { DrainReport, ScalingOrder } from '../../protocol/index.ts';
import type { Leadership } from './leadership.ts';

export interface DrainOrdersOptions {
  readonly leadership: Leadership;
  /** Tell the node itself. NODE_UNKNOWN, NODE_UNREACHABLE, DRAIN_RELEASED. */
  readonly drain: (nodeId: string, reason: string) => Promise<DrainReport>;
  readonly cancelDrain: (nodeId: string) => Promise<DrainReport>;
}

/**
 * Carries out the leader's orders. They are taken one after the other, and each is held against the lease at its turn: when
 * somebody else leads since, what that one orders comes after what was already under way.
 */
export class DrainOrders {
  readonly #options: DrainOrdersOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DrainOrdersOptions) {
    this.#options = options;
  }

  /** LEASE_LOST unless its token is the present one. */
  async drain({ nodeId, fence, reason }: ScalingOrder): Promise<void> {
    await this.#inTurn(fence, () => this.#options.drain(nodeId, reason));
  }

  /** Takes back the autoscaler's own wish; others who want the node empty still do. LEASE_LOST as above. */
  async cancelDrain({ nodeId, fence }: ScalingOrder): Promise<void> {
    await this.#inTurn(fence, () => this.#options.cancelDrain(nodeId));
  }

  #inTurn(fence: number, order: () => Promise<unknown>): Promise<unknown> {
    const before = this.#last;
    const turn = async () => {
      await before.catch(() => {});
      await this.#options.leadership.assertLeads(fence);
      return order();
    };
    this.#last = turn();
    return this.#last;
  }
}
