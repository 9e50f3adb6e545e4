import type { LegSnapshot, MediaPath } from '../../protocol/index.ts';
import type { Place } from '../directory/directory-entry.ts';
import type { IceAssignment } from '../turn/ice-assignment.ts';

/** One message for the client of a leg. */
export interface LegEvent {
  /** Set when it announces this consumer: a snapshot may have told of it already. */
  readonly announces?: string;
  readonly deliver: () => void;
}

export interface LegOptions extends Place {
  readonly legId: string;
  /** The node that hands the meeting over, when the leg belongs to a move. */
  readonly movingFrom: string | undefined;
}

/**
 * A leg as the gateway sees it. While it is being opened or attached its client cannot place events yet, and answers and
 * events cross: they are held back until the client has been told of the leg.
 */
export class GatewayLeg implements Place {
  readonly legId: string;
  readonly nodeId: string;
  readonly epoch: number;
  movingFrom: string | undefined;
  /** The ICE servers that its client was told of; undefined: by another gateway, if at all. */
  iceTold: IceAssignment | undefined;
  /** Settles when the leg is open or could not be opened. */
  opened: Promise<void> = Promise.resolve();
  /** What its client has said of its media. */
  seen: { readonly path: MediaPath; readonly poor: boolean } | undefined;
  #state: 'holding' | 'open' | 'closed' = 'holding';
  #held: LegEvent[] = [];

  constructor(options: LegOptions) {
    this.legId = options.legId;
    this.nodeId = options.nodeId;
    this.epoch = options.epoch;
    this.movingFrom = options.movingFrom;
  }

  get state(): 'holding' | 'open' | 'closed' {
    return this.#state;
  }

  isAt(place: Place): boolean {
    return this.nodeId === place.nodeId && this.epoch === place.epoch;
  }

  take(event: LegEvent): void {
    if (this.#state === 'holding') this.#held.push(event);
    else if (this.#state === 'open') event.deliver();
  }

  hold(): void {
    if (this.#state === 'open') this.#state = 'holding';
  }

  /** The client knows the leg now; what it learned from a snapshot is not said again. */
  release(snapshot?: LegSnapshot): void {
    if (this.#state !== 'holding') return;
    this.#state = 'open';
    const told = new Set(snapshot?.consumers.map(({ consumerId }) => consumerId));
    const held = this.#held;
    this.#held = [];
    for (const event of held) {
      if (event.announces === undefined || !told.has(event.announces)) event.deliver();
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#held = [];
  }
}
