import type { ControlPlaneConfig } from '../../config/index.ts';
import { type Clock, pause } from '../../process/clock.ts';
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
  readonly clock: Clock;
  /** Aborts when the gateway stops. */
  readonly signal: AbortSignal;
}

/**
 * Whoever is told may restart ICE at once, which asks its media node and another TURN server for much in a moment: so many are told, and
 * the next ones a little later.
 */
const TOLD_AT_ONCE = 200;
const PAUSE_MS = 100;

/**
 * Which ICE servers each participant has. Its choice is kept in the session, and each leg knows what its client was told last:
 * while a leg lives its TURN server may go and its credentials end, and before either happens it is told of others.
 */
export class IceServers {
  readonly #options: IceServersOptions;
  #turn: readonly NamedTurnServer[];
  /** Of the media nodes. */
  #zones: ReadonlyMap<string, string | null> = new Map();

  constructor(options: IceServersOptions) {
    this.#options = options;
    this.#turn = turnServersOf(options.config.turn.urls, [], options.turnSecret);
  }

  /** For a leg that is opened or restarts ICE now: its client is told of these. */
  for(session: Session, leg: GatewayLeg): IceServer[] {
    const assignment = this.#assign(session, leg.nodeId, false);
    leg.iceTold = assignment;
    return [...assignment.iceServers];
  }

  /** Looks at the TURN servers, and tells those whose servers have changed or whose credentials end. To be called every now and then. */
  async sweep(): Promise<void> {
    const { config, turnSecret, registry, sessions, clock, signal } = this.#options;
    if (turnSecret === undefined) return;
    const machines = await registry.machines();
    this.#zones = new Map(machines.map(({ nodeId, zone }) => [nodeId, zone]));
    this.#turn = turnServersOf(config.turn.urls, machines, turnSecret);
    let told = 0;
    for (const session of sessions.all()) {
      if (told === TOLD_AT_ONCE) {
        await pause(clock, PAUSE_MS, signal);
        told = 0;
      }
      if (signal.aborted) return;
      if (this.#tell(session)) told += 1;
    }
  }

  #assign(session: Session, nodeId: string | undefined, pathStands: boolean): IceAssignment {
    const { config, clock } = this.#options;
    const { meetingId, participant } = session;
    session.ice = iceAssignmentFor({ meetingId, participantId: participant.participantId }, session.ice, {
      fixed: config.iceServers,
      turn: this.#turn,
      zone: this.#zones.get(nodeId ?? '') ?? null,
      pathStands,
      credentialSeconds: config.turn.credentialSeconds,
      nowMs: clock.now(),
    });
    return session.ice;
  }

  /** Whoever is away is told after coming back. @returns whether there was something to tell */
  #tell(session: Session): boolean {
    const { client } = session;
    if (!client) return false;
    let told = false;
    const newest = [...session.legs.values()].at(-1);
    const assignment = this.#assign(session, newest?.nodeId, true);
    for (const leg of session.legs.values()) {
      if (leg.state !== 'open' || leg.iceTold === assignment) continue;
      leg.iceTold = assignment;
      told = true;
      client.notify('leg.iceServers', { legId: leg.legId, iceServers: [...assignment.iceServers] });
    }
    return told;
  }
}
