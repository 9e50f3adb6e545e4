import { randomUUID } from 'node:crypto';
import { type Clock, pause } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import {
  type ErrorCode,
  HoldfastError,
  type IceServer,
  type LegReason,
  type LegSnapshot,
  type NodeAddress,
  toHoldfastError,
} from '../../protocol/index.ts';
import type { Directory, LiveEntry } from '../directory/directory.ts';
import type { Place } from '../directory/directory-entry.ts';
import type { Home, Homes } from '../directory/homes.ts';
import type { Registry } from '../nodes/registry.ts';
import { GatewayLeg, type LegOptions } from './leg.ts';
import type { NodeLinks } from './node-links.ts';
import { OwedClosings } from './owed-closings.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Session } from './session.ts';

export interface LegsOptions {
  readonly links: NodeLinks;
  readonly homes: Homes;
  readonly directory: Directory;
  readonly registry: Registry;
  /** What the client of this leg, which is new to it, is told. */
  readonly iceServers: (session: Session, leg: GatewayLeg) => IceServer[];
  /** A session has one leg less than before. */
  readonly onLegGone: (session: Session) => void;
  /** Aborts when the gateway stops: nothing is waited for any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LegOpenOptions {
  readonly reason: LegReason;
  readonly publishDelayMs: number;
  readonly movingFrom: string | undefined;
  readonly initialOutgoingBitrateBps?: number | undefined;
}

type CloseReason = 'moved' | 'lost' | 'aborted' | 'left';

const FOLLOW_ATTEMPTS = 8;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 500;
/** What another try may cure: the directory is read again first. */
const worthTrying: readonly ErrorCode[] = [
  'EPOCH_STALE',
  'NODE_DRAINING',
  'NODE_UNREACHABLE',
  'CONNECTION_CLOSED',
  'TIMEOUT',
];

/** With these a node says that it has not opened the leg. After any other failure it may have. */
const notOpened: readonly ErrorCode[] = [
  'EPOCH_STALE',
  'NODE_DRAINING',
  'NO_CAPACITY',
  'MEETING_FULL',
  'TOO_MANY',
  'CONFLICT',
  'BAD_REQUEST',
];
/** With these a node says that it has no such leg of this participant's. */
const notThere: readonly ErrorCode[] = ['LEG_UNKNOWN', 'FORBIDDEN'];

/** Opens, attaches and closes legs, and keeps each session where its meeting lives. */
export class Legs {
  readonly #options: LegsOptions;
  readonly #owners = new Map<string, { session: Session; leg: GatewayLeg }>();
  readonly #owed = new OwedClosings();
  readonly #following = new Map<Session, { again: boolean; done: Promise<void> }>();

  constructor(options: LegsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#owners.size;
  }

  find(legId: string): { session: Session; leg: GatewayLeg } | undefined {
    return this.#owners.get(legId);
  }

  on(nodeId: string): { session: Session; leg: GatewayLeg }[] {
    return [...this.#owners.values()].filter(({ leg }) => leg.nodeId === nodeId);
  }

  /** Opens a leg and tells the client; once for each session, node and epoch. */
  async open(session: Session, at: Place & NodeAddress, options: LegOpenOptions): Promise<GatewayLeg> {
    const present = session.legAt(at);
    if (present) {
      await present.opened;
      return present;
    }
    const { nodeId, epoch } = at;
    const { movingFrom } = options;
    const leg = this.#add(session, { legId: `${nodeId}:${randomUUID()}`, nodeId, epoch, movingFrom });
    leg.opened = this.#open(session, leg, at, options);
    try {
      await leg.opened;
    } catch (error) {
      this.#remove(session, leg);
      throw error;
    }
    return leg;
  }

  /**
   * Speaks again for a leg that the client has, on the node's present connection.
   * @returns undefined when the node no longer has it, or is gone
   */
  async attach(session: Session, ref: Place & { legId: string }): Promise<LegSnapshot | undefined> {
    const { links, homes, log } = this.#options;
    const { legId, nodeId, epoch } = ref;
    const owner = this.#owners.get(legId);
    if (owner && owner.session !== session) return undefined;
    const leg = owner?.leg ?? this.#add(session, { legId, nodeId, epoch, movingFrom: undefined });
    leg.hold();
    try {
      const node = await homes.node(nodeId);
      if (!node) throw new HoldfastError('NODE_UNREACHABLE', `node ${nodeId} is gone`);
      const socket = await links.get(node);
      const { meetingId, participant } = session;
      const { participantId } = participant;
      const snapshot = await socket.request('leg.attach', { legId, meetingId, participantId });
      if (snapshot.epoch !== epoch) throw new HoldfastError('LEG_UNKNOWN', 'the leg is of another epoch');
      session.hadLeg = true;
      leg.release(snapshot);
      return snapshot;
    } catch (error) {
      const { code, message } = toHoldfastError(error);
      log.info({ legId, code, reason: message }, 'leg.not_attached');
      this.#remove(session, leg);
      if (!notThere.includes(code)) this.#closeOnNode(leg);
      return undefined;
    }
  }

  /** Closes a leg on the client and, unless the node is gone or closes it by itself, on the node. */
  close(session: Session, leg: GatewayLeg, reason: CloseReason, options: { tellNode: boolean }): void {
    if (!this.#remove(session, leg)) return;
    session.client?.notify('leg.close', { legId: leg.legId, reason });
    if (options.tellNode) this.#closeOnNode(leg);
  }

  /** The link to this node stands again: it hears what it has missed. */
  linkOpened(nodeId: string): void {
    for (const legId of this.#owed.take(nodeId)) this.#closeOnNode({ nodeId, legId });
  }

  /** The node has left for good: nothing is owed to it. */
  nodeLeft(nodeId: string): void {
    this.#owed.forget(nodeId);
  }

  /** The session is over: none of its legs is needed any more. */
  closeAll(session: Session): void {
    for (const leg of [...session.legs.values()]) {
      this.#remove(session, leg);
      this.#closeOnNode(leg);
    }
  }

  /**
   * Brings a session in line with the directory: a leg where its meeting lives, and none elsewhere. Whoever learns that
   * something has changed calls it; calls at the same time become one.
   * @param patient wait for room instead of failing with NO_CAPACITY
   */
  follow(session: Session, patient: boolean): Promise<void> {
    const running = this.#following.get(session);
    if (running) {
      running.again = true;
      return running.done;
    }
    const state = { again: false, done: Promise.resolve() };
    this.#following.set(session, state);
    state.done = this.#followUntilQuiet(session, patient, state).finally(() =>
      this.#following.delete(session),
    );
    return state.done;
  }

  async #followUntilQuiet(session: Session, patient: boolean, state: { again: boolean }): Promise<void> {
    do {
      state.again = false;
      await this.#followOnce(session, patient);
    } while (state.again);
  }

  async #followOnce(session: Session, patient: boolean): Promise<void> {
    const { homes, clock, signal } = this.#options;
    const patientUntilMs = clock.now() + PATIENCE_MS;
    let refusals = 0;
    while (session.state === 'connected' && !signal.aborted) {
      let home: Home | undefined;
      try {
        home = await homes.find(session.meetingId);
        const leg = await this.open(session, home, {
          reason: reasonFor(session, home),
          publishDelayMs: 0,
          movingFrom: home.movingFrom,
        });
        if (await this.#closeStrays(session, leg)) return;
        throw new HoldfastError('EPOCH_STALE', 'the meeting has moved while the leg was opened');
      } catch (error) {
        const known = toHoldfastError(error);
        if (session.state !== 'connected') return;
        if (known.code === 'NO_CAPACITY' && patient && clock.now() < patientUntilMs) {
          await pause(clock, known.retryAfterMs ?? LAST_RETRY_MS, signal);
          continue;
        }
        refusals += 1;
        if (!worthTrying.includes(known.code) || refusals >= FOLLOW_ATTEMPTS) throw known;
        await this.#doubt(session, home, known, refusals);
        await pause(clock, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (refusals - 1)), signal);
      }
    }
  }

  /** A node did not take the leg: makes sure that the next look at the directory finds something better. */
  async #doubt(
    session: Session,
    home: Home | undefined,
    error: HoldfastError,
    refusals: number,
  ): Promise<void> {
    const { homes, registry, links, log } = this.#options;
    log.warn({ meetingId: session.meetingId, home, code: error.code, reason: error.message }, 'leg.refused');
    if (!home) return;
    if (error.code === 'NODE_DRAINING' && refusals > 2) {
      // A draining node lets people into the meetings it holds. So it does not hold this one.
      await homes.replaceLost(session.meetingId, { nodeId: home.nodeId, epoch: home.epoch });
    } else if (error.code !== 'EPOCH_STALE' && error.code !== 'NODE_DRAINING' && !links.linked(home.nodeId)) {
      registry.suspect(home.nodeId);
    }
  }

  /**
   * Closes legs that are neither where the meeting lives nor where it is being moved.
   * @returns false when `leg` itself is such a one: the meeting has moved or ended meanwhile
   */
  async #closeStrays(session: Session, leg: GatewayLeg): Promise<boolean> {
    const entry = await this.#options.directory.get(session.meetingId);
    let stays = true;
    for (const other of [...session.legs.values()]) {
      if (entry && belongs(other, entry)) continue;
      if (other === leg) stays = false;
      if (other.state === 'open') this.close(session, other, 'moved', { tellNode: true });
    }
    return stays;
  }

  async #open(session: Session, leg: GatewayLeg, node: NodeAddress, options: LegOpenOptions): Promise<void> {
    const { links, iceServers, log } = this.#options;
    const { legId, nodeId, epoch } = leg;
    const { reason, publishDelayMs, initialOutgoingBitrateBps } = options;
    const socket = await links.get({ nodeId: node.nodeId, rpcUrl: node.rpcUrl });
    let opened: Awaited<ReturnType<typeof socket.request<'leg.open'>>>;
    try {
      opened = await socket.request('leg.open', {
        legId,
        meetingId: session.meetingId,
        epoch,
        participant: session.participant,
        incoming: leg.movingFrom !== undefined,
        reason,
        ...(initialOutgoingBitrateBps === undefined ? {} : { initialOutgoingBitrateBps }),
      });
    } catch (error) {
      // The node may have opened it, and been too slow to say so, or said so in words that we do not understand.
      if (!notOpened.includes(toHoldfastError(error).code)) this.#closeOnNode(leg);
      throw error;
    }
    if (session.state !== 'connected' || leg.state === 'closed') {
      this.#closeOnNode(leg);
      throw new HoldfastError('CONNECTION_CLOSED', 'the participant went away while the leg was opened');
    }
    session.client?.notify('leg.open', {
      legId,
      nodeId,
      epoch,
      reason,
      publishDelayMs,
      ...opened,
      iceServers: iceServers(session, leg),
    });
    session.hadLeg = true;
    leg.release();
    const { participantId } = session.participant;
    log.info({ meetingId: session.meetingId, participantId, legId, epoch, reason }, 'leg.open');
  }

  #add(session: Session, options: LegOptions): GatewayLeg {
    const leg = new GatewayLeg(options);
    session.legs.set(leg.legId, leg);
    this.#owners.set(leg.legId, { session, leg });
    return leg;
  }

  #remove(session: Session, leg: GatewayLeg): boolean {
    leg.close();
    if (this.#owners.get(leg.legId)?.leg === leg) this.#owners.delete(leg.legId);
    const removed = session.legs.get(leg.legId) === leg && session.legs.delete(leg.legId);
    if (removed) this.#options.onLegGone(session);
    return removed;
  }

  #closeOnNode({ legId, nodeId }: { readonly legId: string; readonly nodeId: string }): void {
    const { links, log } = this.#options;
    const socket = links.linked(nodeId);
    if (!socket) {
      this.#owed.add(nodeId, legId);
      return;
    }
    socket.request('leg.close', { legId }).catch((error: unknown) => {
      log.debug({ err: error, legId }, 'leg.close_not_told');
      if (!notThere.includes(toHoldfastError(error).code)) this.#owed.add(nodeId, legId);
    });
  }
}

function reasonFor(session: Session, home: Home): LegReason {
  const { movingFrom } = home;
  if (!session.hadLeg) return 'join';
  const old = [...session.legs.values()].some((leg) => leg.state === 'open' && leg.nodeId === movingFrom);
  return old ? 'handover' : 'recovery';
}

/** The leg is where the meeting lives, or where it is being moved. */
export function belongs(leg: GatewayLeg, entry: LiveEntry): boolean {
  return leg.isAt(entry) || (entry.state === 'moving' && leg.isAt(entry.movingTo));
}
