import type { clientContract, gatewayContract, ParticipantInfo, RpcPeer } from '../../protocol/index.ts';
import type { Place } from '../directory/directory-entry.ts';
import type { IceAssignment } from '../turn/ice-assignment.ts';
import type { GatewayLeg } from './leg.ts';
import { type EndReason, nextSessionState, type SessionState } from './session-state.ts';

/** The browser's end of a session. */
export interface Client {
  /** Unique in this process. */
  readonly connection: number;
  readonly notify: RpcPeer<typeof gatewayContract, typeof clientContract>['notify'];
  /** Whether its browser answers in time. */
  alive(withinMs: number): Promise<boolean>;
  close(code: number, reason: string): void;
}

/** One participant's presence in one meeting, over all its connections and legs. */
export class Session {
  readonly id: string;
  readonly meetingId: string;
  readonly participant: ParticipantInfo;
  readonly legs = new Map<string, GatewayLeg>();
  /** It had a leg before: another one is not its first. */
  hadLeg = false;
  /** Which ICE servers it has, with credentials; undefined: none have been chosen yet. */
  ice: IceAssignment | undefined;
  #state: SessionState = { state: 'away' };
  #client: Client | undefined;

  constructor(options: { id: string; meetingId: string; participant: ParticipantInfo }) {
    this.id = options.id;
    this.meetingId = options.meetingId;
    this.participant = options.participant;
  }

  get state(): SessionState['state'] {
    return this.#state.state;
  }

  get client(): Client | undefined {
    return this.#client;
  }

  /** @returns the client that this one takes over from. */
  connect(client: Client): Client | undefined {
    const before = this.#client;
    this.#state = nextSessionState(this.#state, { type: 'connected', connection: client.connection });
    this.#client = client;
    return before;
  }

  /** @returns whether the session is away now. */
  disconnect(client: Client): boolean {
    const before = this.#state;
    this.#state = nextSessionState(before, { type: 'disconnected', connection: client.connection });
    if (this.#state === before) return false;
    this.#client = undefined;
    return true;
  }

  /** @returns the client that was there, and whether the session was alive until now. */
  end(reason: EndReason): { client: Client | undefined; wasAlive: boolean } {
    const wasAlive = this.#state.state !== 'gone';
    const client = this.#client;
    this.#state = nextSessionState(this.#state, { type: 'ended', reason });
    this.#client = undefined;
    return { client, wasAlive };
  }

  legAt(place: Place): GatewayLeg | undefined {
    for (const leg of this.legs.values()) if (leg.isAt(place)) return leg;
    return undefined;
  }
}
