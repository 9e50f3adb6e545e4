import type { ClusterSecrets, MediaNodeConfig } from '../config/index.ts';
import { type Clock, pause } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { HoldfastError, type nodeContract, type ParamsOf, toHoldfastError } from '../protocol/index.ts';
import type { AskRegistry } from '../registration/registry-link.ts';
import {
  defaultHandoverSettings,
  type HandoverAnswer,
  type HandoverEffect,
  type HandoverEvent,
  type HandoverOptions,
  type HandoverRequest,
  type HandoverSettings,
} from './handover-knowledge.ts';
import { wakeAtMs } from './handover-next.ts';
import type { PersonSeen } from './handover-people.ts';
import { type HandoverPlan, type PlanOutcome, whatIsMissing } from './handover-phases.ts';
import { beginHandover, type Transition, transition } from './handover-plan.ts';
import { HandoverTarget } from './handover-target.ts';
import type { Leg } from './leg.ts';
import type { Link } from './link.ts';
import type { Meeting } from './meeting.ts';

export interface HandoverContext {
  readonly nodeId: string;
  readonly secrets: ClusterSecrets;
  readonly timing: MediaNodeConfig['handover'];
  readonly ask: AskRegistry;
  readonly log: Logger;
  readonly clock: Clock;
}

/** How long a worker is waited for to say what an old leg's bandwidth is, ms. Without it the new leg begins carefully. */
const BANDWIDTH_LIMIT_MS = 300;

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

export interface HandoverRunOptions extends Partial<HandoverOptions> {
  /** Ends the attempt where it stands: the process stops. */
  readonly signal?: AbortSignal;
}

/** What a move needs of the meeting: a `Meeting`. */
export interface MovingMeeting extends Pick<Meeting, 'id' | 'epoch' | 'closed' | 'shares' | 'setRole'> {
  readonly participants: readonly unknown[];
  readonly legs: ReadonlyMap<
    string,
    Pick<Leg, 'participant' | 'link' | 'published' | 'mediaFlows' | 'availableOutgoingBitrateBps'>
  >;
  on(event: 'changed' | 'closed', listener: () => void): unknown;
  off(event: 'changed' | 'closed', listener: () => void): unknown;
}

/**
 * One attempt to move one meeting to another node, run by the node that the meeting leaves. The plan decides; this carries
 * out what it asks for, and tells it what has happened.
 */
export class Handover {
  readonly #meeting: MovingMeeting;
  readonly #context: HandoverContext;
  readonly #settings: HandoverSettings;
  readonly #target: HandoverTarget;
  readonly #links = new Map<Link, string>();
  readonly #events: HandoverEvent[] = [];
  #plan: HandoverPlan | undefined;
  #wake: () => void = () => {};

  constructor(meeting: MovingMeeting, context: HandoverContext) {
    this.#meeting = meeting;
    this.#context = context;
    this.#settings = { ...defaultHandoverSettings, ...context.timing };
    this.#target = new HandoverTarget(meeting, context, (why) => this.#say({ type: 'target-lost', why }));
  }

  get meetingId(): string {
    return this.#meeting.id;
  }

  /** A gateway reports how far one of its participants is on the new leg. */
  progress({ epoch, participantId, event }: ParamsOf<typeof nodeContract, 'handover.progress'>): void {
    // A late word about an earlier attempt.
    if (!this.#plan || !('move' in this.#plan) || epoch !== this.#plan.move.epoch) return;
    this.#say({ ...event, participantId });
  }

  /** Resolves when the attempt is over; one on which the deadline, or `signal`, has put an end, too. */
  async run(options: HandoverRunOptions = {}): Promise<HandoverOutcome> {
    const { signal, publishOffsetMs = 0, exclude = [], untilMs, force = false } = options;
    const { clock } = this.#context;
    const startedMs = clock.now();
    const onChange = () => this.#say({ type: 'people', people: this.#people() });
    const onClosed = () => this.#say({ type: 'meeting-closed' });
    const onStop = () => this.#say({ type: 'stop' });
    this.#meeting.on('changed', onChange);
    this.#meeting.on('closed', onClosed);
    signal?.addEventListener('abort', onStop, { once: true });
    try {
      const people = this.#people();
      const planOptions = { publishOffsetMs, exclude, untilMs, force };
      this.#take(beginHandover(planOptions, people, clock.now(), this.#settings));
      if (signal?.aborted) onStop();
      if (this.#meeting.closed) onClosed();
      const outcome = await this.#untilDone();
      if (outcome.type !== 'moved') return outcome;
      const durationMs = clock.now() - startedMs;
      return {
        type: 'moved',
        target: outcome.move.target.nodeId,
        durationMs,
        stragglers: outcome.stragglers,
      };
    } finally {
      signal?.removeEventListener('abort', onStop);
      this.#meeting.off('changed', onChange);
      this.#meeting.off('closed', onClosed);
      this.#target.close();
    }
  }

  async #untilDone(): Promise<PlanOutcome> {
    const { clock } = this.#context;
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      while (this.#plan && this.#events.length > 0) {
        const event = this.#events.shift();
        if (event) this.#take(transition(this.#plan, event, clock.now(), this.#settings));
      }
      if (this.#plan?.phase === 'done') return this.#plan.outcome;
      const nowMs = clock.now();
      const wakeMs = this.#plan && wakeAtMs(this.#plan, this.#settings);
      const cancel = clock.after((wakeMs ?? nowMs) - nowMs, () => this.#say({ type: 'tick' }));
      if (this.#events.length === 0) await promise;
      cancel();
    }
  }

  /** Events are taken one after the other: carrying out an effect may cause the next one. */
  #say(event: HandoverEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  #take({ plan, effects }: Transition): void {
    const before = this.#plan;
    this.#plan = plan;
    if (before?.phase !== plan.phase) this.#entered(before, plan);
    for (const effect of effects) void this.#carryOut(effect);
  }

  #entered(before: HandoverPlan | undefined, plan: HandoverPlan): void {
    const { id: meetingId } = this.#meeting;
    const move = 'move' in plan ? { target: plan.move.target.nodeId, epoch: plan.move.epoch } : {};
    const missing = plan.phase === 'committing' ? whatIsMissing(plan) : [];
    const fields = { meetingId, from: before?.phase, to: plan.phase, why: plan.why, ...move };
    const trouble = missing.length > 0 || plan.phase === 'aborting';
    this.#context.log[trouble ? 'warn' : 'info'](
      missing.length > 0 ? { ...fields, missing } : fields,
      'handover.phase',
    );
    if (this.#meeting.closed) return;
    // The control plane hears it with the next heartbeat. Until the meeting is let go, it can still be moved away.
    if (plan.phase === 'preparing') this.#meeting.setRole('outgoing');
    if (plan.phase === 'done' && plan.outcome.type !== 'moved') this.#meeting.setRole('home');
  }

  async #carryOut({ id, request, limitMs }: HandoverEffect): Promise<void> {
    try {
      this.#say({ type: 'answered', id, answer: await this.#ask(request, limitMs) });
    } catch (error) {
      const known = toHoldfastError(error);
      const { id: meetingId } = this.#meeting;
      this.#context.log.warn(
        { meetingId, request: request.type, code: known.code, reason: known.message },
        'handover.request_failed',
      );
      this.#say({ type: 'failed', id, error: known });
    }
  }

  async #ask(request: HandoverRequest, limitMs: number): Promise<HandoverAnswer> {
    const { ask, nodeId } = this.#context;
    const { id: meetingId, epoch } = this.#meeting;
    const from = { meetingId, epoch, nodeId };
    switch (request.type) {
      case 'reserve': {
        const exclude = [...(this.#plan?.options.exclude ?? [])];
        const move = await ask('move.reserve', {
          ...from,
          shares: [...this.#meeting.shares],
          exclude,
        });
        return { type: 'reserved', move };
      }
      case 'commit':
        await ask('move.commit', { ...from, target: request.move.target.nodeId });
        return { type: 'done' };
      case 'status': {
        const target = request.move ? { target: request.move.target.nodeId } : {};
        const { state, place } = await ask('move.status', { ...from, ...target });
        return { type: 'status', state, place: place && { target: place, epoch: place.epoch } };
      }
      case 'give-up':
        await ask('move.abort', { ...from, target: request.move.target.nodeId });
        return { type: 'done' };
      case 'prepare':
      case 'adopt':
      case 'abandon':
        await this.#target.request(`meeting.${request.type}`, request.move, limitMs);
        return { type: 'done' };
      case 'open':
        return this.#openLegs(request, limitMs);
      case 'tell-commit':
      case 'tell-abort': {
        const method = request.type === 'tell-commit' ? 'handover.commit' : 'handover.abort';
        const params = { meetingId, epoch: request.move.epoch, target: request.move.target };
        await this.#linkOf(request.link).request(method, params, { timeoutMs: limitMs });
        return { type: 'done' };
      }
    }
  }

  async #openLegs(
    { move, link, participants }: Extract<HandoverRequest, { type: 'open' }>,
    limitMs: number,
  ): Promise<HandoverAnswer> {
    const gateway = this.#linkOf(link);
    const legs = new Map([...this.#meeting.legs.values()].map((leg) => [leg.participant.participantId, leg]));
    const described = await Promise.all(
      participants.map(async ({ participantId, publishDelayMs }) => {
        const leg = legs.get(participantId);
        const bandwidth = leg?.availableOutgoingBitrateBps().catch(() => undefined);
        const initialOutgoingBitrateBps = await this.#soon(bandwidth);
        return {
          participantId,
          publishDelayMs,
          ...(initialOutgoingBitrateBps === undefined ? {} : { initialOutgoingBitrateBps }),
        };
      }),
    );
    const answer = await gateway.request(
      'handover.open',
      { meetingId: this.#meeting.id, epoch: move.epoch, target: move.target, participants: described },
      { timeoutMs: limitMs },
    );
    return { type: 'opened', ...answer };
  }

  /** A worker that hangs answers nobody, and must not hold up the move away from it. */
  async #soon<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    const timer = new AbortController();
    const late = pause(this.#context.clock, BANDWIDTH_LIMIT_MS, timer.signal).then(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.abort();
    }
  }

  #people(): PersonSeen[] {
    return [...this.#meeting.legs.values()].map(({ participant, link, published, mediaFlows }) => ({
      participantId: participant.participantId,
      link: link && this.#nameOf(link),
      sending: [...published.values()].filter(({ producer }) => !producer.paused).map(({ source }) => source),
      flows: mediaFlows,
    }));
  }

  #nameOf(link: Link): string {
    const name = this.#links.get(link) ?? `${link.peerId} ${this.#links.size + 1}`;
    this.#links.set(link, name);
    return name;
  }

  #linkOf(name: string): Link {
    for (const [link, known] of this.#links) if (known === name) return link;
    throw new HoldfastError('CONNECTION_CLOSED', `there is no connection ${name}`);
  }
}
