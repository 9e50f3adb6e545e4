import type { Clock } from '../../process/clock.ts';
import type { Registry } from '../nodes/registry.ts';

export interface TurnWatchOptions {
  readonly registry: Pick<Registry, 'on' | 'suspect'>;
  readonly clock: Clock;
  /** Participants have to go to another server. */
  readonly onGone: () => void;
}

/** A server that lives dials anew within this time, ms. Longer would be time without a picture for those whom it relays. */
const RETURN_MS = 500;

/** Sees at once what cannot wait for the next regular look: a TURN server that drains, relays nothing, or is gone. */
export class TurnWatch {
  readonly #options: TurnWatchOptions;
  /** Those that relayed for whoever came, when they were heard of last. */
  readonly #relaying = new Set<string>();
  readonly #returning = new Map<string, () => void>();

  constructor(options: TurnWatchOptions) {
    this.#options = options;
    const { registry } = options;
    registry.on('reported', ({ nodeId, role, drain, relay }) => {
      if (role !== 'turn') return;
      this.#returned(nodeId);
      // A new one can wait for the regular look: then the others who come with it are there too, and people spread over all.
      if (drain.state === 'active' && relay?.healthy !== false) this.#relaying.add(nodeId);
      else this.#gone(nodeId);
    });
    registry.on('disconnected', (nodeId) => this.#disconnected(nodeId));
    registry.on('lost', (nodeId) => this.#gone(nodeId));
    registry.on('left', (nodeId) => this.#gone(nodeId));
  }

  /** Nothing is waited for any more. */
  close(): void {
    for (const cancel of this.#returning.values()) cancel();
    this.#returning.clear();
  }

  #disconnected(nodeId: string): void {
    if (!this.#relaying.has(nodeId)) return;
    const { registry, clock } = this.#options;
    this.#returned(nodeId);
    const cancel = clock.after(RETURN_MS, () => {
      registry.suspect(nodeId);
      this.#gone(nodeId);
    });
    this.#returning.set(nodeId, cancel);
  }

  #returned(nodeId: string): void {
    this.#returning.get(nodeId)?.();
    this.#returning.delete(nodeId);
  }

  #gone(nodeId: string): void {
    this.#returned(nodeId);
    if (this.#relaying.delete(nodeId)) this.#options.onGone();
  }
}
