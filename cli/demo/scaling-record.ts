import type { KeptDecision } from '@holdfast/media-server/protocol/index.ts';
import type { LocalPlatform } from '../local/local-platform.ts';
import type { OperatorApi } from '../observe/operator-api.ts';

/** What the autoscaler did. */
export interface ScalingAction {
  /** ISO 8601. */
  readonly at: string;
  readonly action: string;
  /** Null: a launch whose machine was never seen. */
  readonly node: string | null;
  readonly reason: string;
}

/** What the autoscaler did in the demo, and which machines came of it. */
export class ScalingRecord {
  readonly #launched = new Map<string, string>();

  constructor({ cloud }: LocalPlatform) {
    cloud.on('event', ({ type, memberId }) => {
      if (type !== 'launching') return;
      const launchedBy = cloud.describe().members.find(({ id }) => id === memberId)?.launchedBy;
      if (launchedBy) this.#launched.set(launchedBy, memberId);
    });
  }

  /** The oldest first. */
  async actions(api: OperatorApi): Promise<ScalingAction[]> {
    return (await api.decisions())
      .filter(({ decision, outcome }) => decision.type !== 'hold' && outcome === 'done')
      .map((kept) => this.#actionOf(kept))
      .reverse();
  }

  #actionOf({ atMs, decision, reportId }: KeptDecision): ScalingAction {
    const { type: action, reason } = decision;
    const node = 'nodeId' in decision ? decision.nodeId : (this.#launched.get(reportId) ?? null);
    return { at: new Date(atMs).toISOString(), action, node, reason };
  }
}
