import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterSecrets, MediaNodeConfig } from '../config/index.ts';
import type { Logger } from '../process/logger.ts';
import { dialRpc } from '../process/rpc-socket.ts';
import {
  type Ask,
  HoldfastError,
  type NodeAddress,
  nodeClientContract,
  nodeContract,
  type ParamsOf,
  type registryContract,
  toHoldfastError,
} from '../protocol/index.ts';
import { publishDelaysMs } from './handover-schedule.ts';
import { HandoverTally, type TallyParticipant } from './handover-tally.ts';
import type { Leg } from './leg.ts';
import type { Link } from './link.ts';
import { meetingLoad } from './load.ts';
import type { Meeting } from './meeting.ts';
import { refusingNodeHandlers } from './refusing-handlers.ts';

/** Asks the control plane. */
export type AskRegistry = Ask<typeof registryContract>;

export interface HandoverContext {
  readonly nodeId: string;
  readonly secrets: ClusterSecrets;
  readonly timing: MediaNodeConfig['handover'];
  readonly workers: () => number;
  readonly ask: AskRegistry;
  readonly log: Logger;
  readonly now: () => number;
}

/** Clients have closed their old legs by then; closing the router earlier would cut those who are still closing. */
const CLOSE_AFTER_COMMIT_MS = 300;
/** How long a control plane that does not answer is asked to commit, ms. */
const COMMIT_PATIENCE_MS = 600_000;
/** While no gateway is connected: how often to look, ms. */
const LOOK_AGAIN_MS = 500;
/** How soon a participant that could not be reached is asked again, ms. */
const ASK_AGAIN_MS = 500;

export type HandoverOutcome =
  | {
      readonly type: 'moved';
      readonly target: string;
      readonly durationMs: number;
      readonly stragglers: number;
    }
  /** Everybody left, or the meeting was moved or lost otherwise: nothing is left to do here. */
  | { readonly type: 'gone' }
  | { readonly type: 'failed'; readonly error: HoldfastError; readonly target: string | undefined };

type TargetSocket = Awaited<ReturnType<typeof dialTarget>>;

/** One attempt to move one meeting to another node: make before break. Run by the node that the meeting leaves. */
export class Handover {
  readonly #meeting: Meeting;
  readonly #context: HandoverContext;
  readonly #tally = new HandoverTally();
  /** Participants whose gateways were asked to open the second leg. */
  readonly #asked = new Set<string>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #publishOffsetMs = 0;
  #untilMs = Number.POSITIVE_INFINITY;
  #epoch = 0;
  /** The control plane was asked to commit and has not said no: it may have been done. */
  #commitUncertain = false;
  #wake: () => void = () => {};

  constructor(meeting: Meeting, context: HandoverContext) {
    this.#meeting = meeting;
    this.#context = context;
  }

  get meetingId(): string {
    return this.#meeting.id;
  }

  /** A gateway reports how far one of its participants is on the new leg. */
  progress({ epoch, participantId, event }: ParamsOf<typeof nodeContract, 'handover.progress'>): void {
    // A late word about an earlier attempt.
    if (epoch !== this.#epoch) return;
    if (event.type === 'published') this.#tally.published(participantId);
    else this.#tally.switched(participantId, event.from, event.source);
    this.#wake();
  }

  /**
   * @param options.exclude targets that are out of the question
   * @param options.publishOffsetMs the whole publishing order begins this much later
   * @param options.untilMs by then it must be committed, Unix time; undefined: there is time
   */
  async run(options: {
    readonly exclude: readonly string[];
    readonly publishOffsetMs: number;
    readonly untilMs: number | undefined;
  }): Promise<HandoverOutcome> {
    this.#publishOffsetMs = options.publishOffsetMs;
    this.#untilMs = options.untilMs ?? Number.POSITIVE_INFINITY;
    const startedMs = this.#context.now();
    const { id: meetingId, epoch } = this.#meeting;
    let target: NodeAddress | undefined;
    try {
      const reservation = await this.#context.ask('move.reserve', {
        meetingId,
        epoch,
        nodeId: this.#context.nodeId,
        load: meetingLoad(
          this.#meeting.consumerCount,
          this.#meeting.participants.length,
          this.#context.workers(),
        ),
        exclude: [...options.exclude],
      });
      target = reservation.target;
      this.#meeting.setRole('outgoing');
      return await this.#moveTo(target, reservation.epoch, startedMs);
    } catch (error) {
      if (!this.#meeting.closed) this.#meeting.setRole('home');
      const known = toHoldfastError(error);
      if (this.#meeting.closed || known.code === 'EPOCH_STALE') return { type: 'gone' };
      return { type: 'failed', error: known, target: target?.nodeId };
    }
  }

  async #moveTo(target: NodeAddress, epoch: number, startedMs: number): Promise<HandoverOutcome> {
    const { id: meetingId } = this.#meeting;
    this.#epoch = epoch;
    const log = this.#context.log.child({ meetingId, epoch, target: target.nodeId });
    let socket: TargetSocket | undefined;
    try {
      socket = await dialTarget(target, this.#context);
      await socket.request('meeting.prepare', { meetingId, epoch });
      log.info({ participants: this.#meeting.participants.length }, 'handover.prepared');
      const missing = await this.#waitUntilSwitched(target, epoch, socket);
      if (this.#meeting.closed) throw new HoldfastError('EPOCH_STALE', 'the meeting is gone');
      if (missing.length > 0) log.warn({ missing }, 'handover.deadline');
      if (!socket.open) throw new HoldfastError('NODE_UNREACHABLE', `the target ${target.nodeId} is gone`);
      await this.#commit(target.nodeId);
      log.info({ durationMs: this.#context.now() - startedMs }, 'handover.committed');
      await this.#finish(target, epoch, socket, log);
      return {
        type: 'moved',
        target: target.nodeId,
        durationMs: this.#context.now() - startedMs,
        stragglers: missing.length,
      };
    } catch (error) {
      log.warn({ err: error }, 'handover.failed');
      await this.#abort(target, epoch, socket, log);
      throw error;
    } finally {
      socket?.close('handover over');
    }
  }

  /** Opens the second legs, also of those whose gateway comes back in the meantime, and waits. Returns what is missing at the end. */
  async #waitUntilSwitched(target: NodeAddress, epoch: number, socket: TargetSocket): Promise<string[]> {
    const deadlineMs = Math.min(this.#context.now() + this.#context.timing.meetingDeadlineMs, this.#untilMs);
    let targetLost: string | undefined;
    void socket.closed.then((reason) => {
      targetLost = reason;
      this.#wake();
    });
    const onChange = () => this.#wake();
    this.#meeting.on('changed', onChange);
    this.#meeting.on('closed', onChange);
    try {
      for (;;) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        if (targetLost !== undefined) {
          throw new HoldfastError('NODE_UNREACHABLE', `the target ${target.nodeId} is gone: ${targetLost}`);
        }
        if (this.#meeting.closed || this.#meeting.legs.size === 0) return [];
        await this.#openSecondLegs(target, epoch);
        const missing = this.#tally.missing(this.#people());
        if (missing.length === 0) return missing;
        const remainingMs = deadlineMs - this.#context.now();
        // With no gateway left nobody could be told of a commit: both legs stand until one is back, or time is up.
        const nobodyReachable = this.#links().size === 0;
        if (remainingMs <= 0 && (!nobodyReachable || this.#context.now() >= this.#untilMs)) return missing;
        const timer = setTimeout(resolve, Math.max(remainingMs, LOOK_AGAIN_MS));
        await promise;
        clearTimeout(timer);
      }
    } finally {
      this.#wake = () => {};
      for (const timer of this.#retries) clearTimeout(timer);
      this.#meeting.off('changed', onChange);
      this.#meeting.off('closed', onChange);
    }
  }

  #people(): TallyParticipant[] {
    return [...this.#meeting.legs.values()].map((leg) => ({
      participantId: leg.participant.participantId,
      reachable: leg.link !== undefined,
      sending: [...leg.published.values()]
        .filter(({ producer }) => !producer.paused)
        .map(({ source }) => source),
    }));
  }

  async #openSecondLegs(target: NodeAddress, epoch: number): Promise<void> {
    const legs = [...this.#meeting.legs.values()].filter(
      (leg) => leg.link && !this.#asked.has(leg.participant.participantId),
    );
    if (legs.length === 0) return;
    const { publishSpacingMs, publishOrderMs } = this.#context.timing;
    const delays = publishDelaysMs(legs.length, publishSpacingMs, publishOrderMs);
    const byLink = new Map<Link, { leg: Leg; publishDelayMs: number }[]>();
    legs.forEach((leg, rank) => {
      this.#asked.add(leg.participant.participantId);
      if (!leg.link) return;
      const entry = { leg, publishDelayMs: this.#publishOffsetMs + (delays[rank] ?? 0) };
      byLink.set(leg.link, [...(byLink.get(leg.link) ?? []), entry]);
    });
    await Promise.all([...byLink].map(([link, entries]) => this.#askGateway(link, target, epoch, entries)));
  }

  async #askGateway(
    link: Link,
    target: NodeAddress,
    epoch: number,
    entries: readonly { leg: Leg; publishDelayMs: number }[],
  ): Promise<void> {
    const participants = await Promise.all(
      entries.map(async ({ leg, publishDelayMs }) => {
        const initialOutgoingBitrateBps = await leg.availableOutgoingBitrateBps().catch(() => undefined);
        return {
          participantId: leg.participant.participantId,
          publishDelayMs,
          ...(initialOutgoingBitrateBps === undefined ? {} : { initialOutgoingBitrateBps }),
        };
      }),
    );
    try {
      const { failed } = await link.request('handover.open', {
        meetingId: this.#meeting.id,
        epoch,
        target,
        participants,
      });
      for (const { participantId, code } of failed) {
        this.#askAgain(participantId);
        this.#context.log.warn({ meetingId: this.#meeting.id, participantId, code }, 'handover.leg_refused');
      }
    } catch (error) {
      // The gateway itself is gone: its legs will be detached and attached again by another one.
      for (const { participantId } of participants) this.#askAgain(participantId);
      this.#context.log.warn({ err: error, gateway: link.peerId }, 'handover.gateway_failed');
    }
  }

  /** It may be between two WebSockets just now. */
  #askAgain(participantId: string): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#asked.delete(participantId);
      this.#wake();
    }, ASK_AGAIN_MS);
    this.#retries.add(timer);
  }

  async #commit(target: string): Promise<void> {
    const params = {
      meetingId: this.#meeting.id,
      epoch: this.#meeting.epoch,
      nodeId: this.#context.nodeId,
      target,
    };
    const giveUpMs = Math.min(this.#untilMs, this.#context.now() + COMMIT_PATIENCE_MS);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#context.ask('move.commit', params);
        return;
      } catch (error) {
        const known = toHoldfastError(error);
        if (!known.retryable) {
          this.#commitUncertain = false;
          throw known;
        }
        // Both legs stand, so there is time for a control plane that is just coming back. The commit is idempotent; its
        // answer may have been lost, so nothing may be undone from here on.
        this.#commitUncertain = true;
        if (this.#meeting.closed || this.#context.now() >= giveUpMs) throw known;
        await delay(Math.min(1000, 250 * attempt));
      }
    }
  }

  async #finish(target: NodeAddress, epoch: number, socket: TargetSocket, log: Logger): Promise<void> {
    const { id: meetingId } = this.#meeting;
    await socket.request('meeting.adopt', { meetingId, epoch }).catch((error: unknown) => {
      // The directory says so already; the target learns it from the gateways' next leg at the latest.
      log.warn({ err: error }, 'handover.adopt_failed');
    });
    await Promise.all(
      [...this.#links()].map((link) =>
        link.request('handover.commit', { meetingId, epoch, target }).catch((error: unknown) => {
          log.warn({ err: error, gateway: link.peerId }, 'handover.commit_not_told');
        }),
      ),
    );
    await delay(CLOSE_AFTER_COMMIT_MS);
  }

  async #abort(
    target: NodeAddress,
    epoch: number,
    socket: TargetSocket | undefined,
    log: Logger,
  ): Promise<void> {
    // Lost with its worker: the gateways are recovering it onto this very target, and nothing of that may be undone.
    if (this.#meeting.closed || this.#commitUncertain) return;
    const { id: meetingId, epoch: before } = this.#meeting;
    const { nodeId } = this.#context;
    // First the gateways: they bring back who has switched already, while the target still serves them.
    const told = [...this.#links()].map((link) =>
      link.request('handover.abort', { meetingId, epoch, target }),
    );
    const results: PromiseSettledResult<unknown>[] = await Promise.allSettled(told);
    results.push(
      ...(await Promise.allSettled([
        this.#context.ask('move.abort', { meetingId, epoch: before, nodeId, target: target.nodeId }),
        socket?.request('meeting.abandon', { meetingId, epoch }),
      ])),
    );
    for (const result of results) {
      if (result.status === 'rejected') log.debug({ err: result.reason }, 'handover.abort_not_told');
    }
  }

  #links(): Set<Link> {
    const links = new Set<Link>();
    for (const leg of this.#meeting.legs.values()) if (leg.link) links.add(leg.link);
    return links;
  }
}

async function dialTarget(target: NodeAddress, context: HandoverContext) {
  const socket = await dialRpc(target.rpcUrl, context.secrets.HOLDFAST_CLUSTER_TOKEN, {
    local: nodeClientContract,
    remote: nodeContract,
    handlers: refusingNodeHandlers,
    pingMs: 400,
    timeoutMs: 3000,
  });
  await socket.request('link.hello', { peerId: context.nodeId, role: 'node' });
  return socket;
}
