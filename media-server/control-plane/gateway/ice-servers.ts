import type { ControlPlaneConfig } from '../../config/index.ts';
import type { IceServer } from '../../protocol/index.ts';
import type { Registry } from '../nodes/registry.ts';
import { type IceAssignment, iceAssignmentFor } from '../turn/ice-assignment.ts';
import { type NamedTurnServer, turnServersOf } from '../turn/turn-servers.ts';
import type { GatewayLeg } from './leg.ts';
import type { Session } from './session.ts';

export interface IceServersOptions {
  readonly config: Pick<ControlPlaneConfig, 'iceServers' | 'turn'>;
  readonly turnSecret: string | undefined;
  readonly registry: Pick<Registry, 'machines'>;
  readonly sessions: { all(): Iterable<Session> };
  readonly now: () => number;
}

/**
 * Which ICE servers each participant has. Its choice is kept in the session, and each leg knows what its client was told last:
 * while a leg lives its TURN server may go and its credentials end, and before either happens it is told of others.
 */
export class IceServers {
  readonly #options: IceServersOptions;
  #turn: readonly NamedTurnServer[];

  constructor(options: IceServersOptions) {
    this.#options = options;
    this.#turn = turnServersOf(options.config.turn.urls, [], options.turnSecret);
  }

  /** For a leg that is opened or restarts ICE now: its client is told of these. */
  for(session: Session, leg: GatewayLeg): IceServer[] {
    const assignment = this.#assign(session, false);
    leg.iceTold = assignment;
    return [...assignment.iceServers];
  }

  /** Looks at the TURN servers, and tells those whose servers have changed or whose credentials end. To be called every now and then. */
  async sweep(): Promise<void> {
    const { config, turnSecret, registry, sessions } = this.#options;
    if (turnSecret === undefined) return;
    this.#turn = turnServersOf(config.turn.urls, await registry.machines(), turnSecret);
    for (const session of sessions.all()) this.#tell(session);
  }

  #assign(session: Session, pathStands: boolean): IceAssignment {
    const { config, now } = this.#options;
    const { meetingId, participant } = session;
    session.ice = iceAssignmentFor({ meetingId, participantId: participant.participantId }, session.ice, {
      fixed: config.iceServers,
      turn: this.#turn,
      pathStands,
      credentialSeconds: config.turn.credentialSeconds,
      nowMs: now(),
    });
    return session.ice;
  }

  /** Whoever is away is told after coming back. */
  #tell(session: Session): void {
    const { client } = session;
    if (!client) return;
    const assignment = this.#assign(session, true);
    for (const leg of session.legs.values()) {
      if (leg.state !== 'open' || leg.iceTold === assignment) continue;
      leg.iceTold = assignment;
      client.notify('leg.iceServers', { legId: leg.legId, iceServers: [...assignment.iceServers] });
    }
  }
}
