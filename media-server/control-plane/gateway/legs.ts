import { randomUUID } from 'node:crypto';
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
import type { Place } from '../directory/directory-entry.ts';
import type { Homes } from '../directory/homes.ts';
import { GatewayLeg, type LegOptions } from './leg.ts';
import type { NodeLinks } from './node-links.ts';
import { OwedClosings } from './owed-closings.ts';
import type { Session } from './session.ts';

export interface LegsOptions {
  readonly links: NodeLinks;
  readonly homes: Homes;
  /** What the client of this leg, which is new to it, is told. */
  readonly iceServers: (session: Session, leg: GatewayLeg) => IceServer[];
  /** A session has one leg less than before. */
  readonly onLegGone: (session: Session) => void;
  readonly log: Logger;
}

export interface LegOpenOptions {
  readonly reason: LegReason;
  readonly publishDelayMs: number;
  readonly movingFrom: string | undefined;
  readonly initialOutgoingBitrateBps?: number | undefined;
}

type CloseReason = 'moved' | 'lost' | 'aborted' | 'left';

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

/** Opens, attaches and closes legs: their life, wherever their meetings live. */
export class Legs {
  readonly #options: LegsOptions;
  readonly #owners = new Map<string, { session: Session; leg: GatewayLeg }>();
  readonly #owed = new OwedClosings();

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
