import {
  type DirectoryEvent,
  nextDirectoryEntry,
} from '@holdfast/media-server/control-plane/directory/directory-entry.ts';
import { moveStatus } from '@holdfast/media-server/control-plane/directory/move-status.ts';
import type { DirectoryEntry } from '@holdfast/media-server/control-plane/store/records.ts';
import {
  defaultHandoverSettings,
  type HandoverAnswer,
  type HandoverEffect,
  type HandoverEvent,
  type HandoverOptions,
  type HandoverRequest,
  type HandoverSettings,
  type Move,
} from '@holdfast/media-server/media-node/handover-knowledge.ts';
import { wakeAtMs } from '@holdfast/media-server/media-node/handover-next.ts';
import type { HandoverPlan } from '@holdfast/media-server/media-node/handover-phases.ts';
import {
  beginHandover,
  type Transition,
  transition,
} from '@holdfast/media-server/media-node/handover-plan.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';

export const settings: HandoverSettings = {
  ...defaultHandoverSettings,
  meetingDeadlineMs: 10_000,
  publishSpacingMs: 400,
  publishOrderMs: 3000,
  noGatewayMs: 60_000,
};

/** The node and the epoch that the meeting leaves. */
export const source = { nodeId: 'a', epoch: 3 };

/** What happens to one request on its way. */
export interface Fate {
  readonly thereMs: number;
  readonly backMs: number;
  readonly lost: 'no' | 'request' | 'answer';
  /** Whether the loss of it is noticed, or the answer never comes. */
  readonly noticed: boolean;
  readonly twice: boolean;
}
export const smooth: Fate = { thereMs: 1, backMs: 1, lost: 'no', noticed: true, twice: false };

interface PersonInWorld {
  gateway: string;
  away: boolean;
  /** Publishes and switches after the second leg has come. */
  willing: boolean;
  muted: boolean;
  /** Whether media flows on the old leg. */
  flows: boolean;
  oldLeg: boolean;
  /** Second legs, and those on which it sends; nodes at epochs, as `node@epoch`. */
  readonly legs: Set<string>;
  readonly sends: Set<string>;
}

interface TargetInWorld {
  alive: boolean;
  hangs: boolean;
  meeting: { epoch: number; role: 'incoming' | 'home' } | undefined;
}

const place = ({ target, epoch }: Move) => `${target.nodeId}@${epoch}`;

/**
 * Everything a handover has to do with, in virtual time: the control plane with the real rules of its directory, targets,
 * gateways and people. Each can be gone or slow. Notes what must never happen.
 */
export class HandoverWorld {
  nowMs = 1_000_000;
  plan: HandoverPlan;
  entry: DirectoryEntry | undefined = {
    state: 'home',
    ...source,
    issuedEpoch: source.epoch,
    changedAtMs: 0,
  };
  readonly violations: string[] = [];
  readonly requests: { readonly atMs: number; readonly request: HandoverRequest }[] = [];
  /** What gateways and targets were told and took. */
  readonly told: string[] = [];
  readonly people = new Map<string, PersonInWorld>();
  readonly targets = new Map<string, TargetInWorld>();
  /** Gateway → its connection, which has another name after each break; undefined: gone. */
  readonly links = new Map<string, string | undefined>();
  /** All homes that the meeting has had since it began to move. */
  readonly homes: string[] = [];
  linkedAtEnd: string[] = [];
  registryUp = true;
  meetingClosed = false;
  doneAtMs: number | undefined;
  /** Fates of the next requests; smooth when there are no more. */
  fates: Fate[] = [];
  readonly #queue: { atMs: number; rank: number; run: () => void }[] = [];
  #rank = 0;
  #undone: string[] = [];

  constructor(options: {
    readonly people: Readonly<Record<string, string>>;
    readonly targets?: readonly string[];
    readonly options?: Partial<HandoverOptions>;
    readonly fates?: readonly Fate[];
    readonly before?: (world: HandoverWorld) => void;
  }) {
    for (const [name, gateway] of Object.entries(options.people)) {
      this.links.set(gateway, `${gateway} 1`);
      this.people.set(name, {
        gateway,
        away: false,
        willing: true,
        muted: false,
        flows: true,
        oldLeg: true,
        legs: new Set(),
        sends: new Set(),
      });
    }
    for (const name of options.targets ?? ['b', 'c']) {
      this.targets.set(name, { alive: true, hangs: false, meeting: undefined });
    }
    this.fates = [...(options.fates ?? [])];
    options.before?.(this);
    const planOptions = {
      publishOffsetMs: 0,
      exclude: [],
      untilMs: undefined,
      force: false,
      ...options.options,
    };
    const begun = beginHandover(planOptions, this.#seen(), this.nowMs, settings);
    this.plan = begun.plan;
    this.#take(begun);
  }

  /** Lets the time pass until then, or until the plan is at its end. */
  run(untilMs: number): this {
    for (let steps = 0; ; steps += 1) {
      if (steps > 20_000) throw new Error('the plan never comes to rest');
      const next = this.#queue.toSorted((a, b) => a.atMs - b.atMs || a.rank - b.rank)[0];
      const wakeMs = wakeAtMs(this.plan, settings) ?? Number.POSITIVE_INFINITY;
      const atMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, wakeMs);
      if (this.plan.phase !== 'done' && wakeMs === Number.POSITIVE_INFINITY) {
        this.violations.push(`waits for nothing in ${this.plan.phase}`);
        break;
      }
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next && next.atMs <= wakeMs) {
        this.#queue.splice(this.#queue.indexOf(next), 1);
        next.run();
      } else {
        this.say({ type: 'tick' });
      }
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    return this;
  }

  runFor(ms: number): this {
    return this.run(this.nowMs + ms);
  }

  /** Until the plan stands in this phase. */
  until(phase: HandoverPlan['phase'], limitMs = 60_000): this {
    const endMs = this.nowMs + limitMs;
    while (this.plan.phase !== phase && this.nowMs < endMs) this.runFor(1);
    if (this.plan.phase !== phase) throw new Error(`${this.plan.phase}, not ${phase}: ${this.plan.why}`);
    return this;
  }

  say(event: HandoverEvent): void {
    this.#take(transition(this.plan, event, this.nowMs, settings));
  }

  /** Something about the people or their gateways has changed. */
  look(): void {
    this.say({ type: 'people', people: this.#seen() });
  }

  breakLink(gateway: string): void {
    this.links.set(gateway, undefined);
    this.look();
  }

  mendLink(gateway: string): void {
    if (this.links.get(gateway) !== undefined) return;
    this.#rank += 1;
    this.links.set(gateway, `${gateway} ${this.#rank}`);
    this.look();
    for (const [name, person] of this.people) if (person.gateway === gateway) this.#reportAll(name);
  }

  /** Its WebSocket is gone, and its gateway knows. */
  goAway(name: string): void {
    const person = this.people.get(name);
    if (!person || person.away) return;
    person.away = true;
    const told = this.links.get(person.gateway) !== undefined && 'move' in this.plan;
    if (told && person.legs.size > 0) this.say({ type: 'away', participantId: name });
  }

  comeBack(name: string): void {
    const person = this.people.get(name);
    if (!person?.away) return;
    person.away = false;
    this.#reportAll(name);
  }

  loseTarget(name: string): void {
    const target = this.targets.get(name);
    if (!target?.alive) return;
    target.alive = false;
    target.meeting = undefined;
    for (const { legs } of this.people.values()) {
      for (const leg of legs) if (leg.startsWith(`${name}@`)) legs.delete(leg);
    }
    if ('move' in this.plan && this.plan.move.target.nodeId === name) {
      this.say({ type: 'target-lost', why: 'killed' });
    }
  }

  closeMeeting(): void {
    this.meetingClosed = true;
    for (const person of this.people.values()) person.oldLeg = false;
    this.say({ type: 'meeting-closed' });
  }

  apply(event: DirectoryEvent): DirectoryEntry | undefined {
    const step = nextDirectoryEntry(this.entry, event, this.nowMs);
    if (step.kind === 'refuse') throw new HoldfastError('EPOCH_STALE', step.reason);
    if (step.kind === 'write') this.entry = step.entry;
    if (this.committed && this.homes.at(-1) !== this.home) this.homes.push(this.home);
    for (const undone of this.#undone) if (undone === this.home) this.violations.push(`${undone} was undone`);
    return this.entry;
  }

  /** Where the meeting lives. */
  get home(): string {
    return this.entry ? `${this.entry.nodeId}@${this.entry.epoch}` : 'nowhere';
  }

  get committed(): boolean {
    return this.home !== `${source.nodeId}@${source.epoch}` && this.entry?.state !== 'ended';
  }

  /** Whether finishing ended because everybody was told, not because its time was over. */
  get finishedInTime(): boolean {
    const first = this.requests.find(({ request }) => request.type === 'adopt');
    return first !== undefined && (this.doneAtMs ?? 0) < first.atMs + settings.finishMs;
  }

  /** Whether this was a target of the plan for which it has asked for a commit. */
  asked(home: string): boolean {
    return this.requests.some(({ request }) => request.type === 'commit' && place(request.move) === home);
  }

  countOf(type: HandoverRequest['type']): number {
    return this.requests.filter(({ request }) => request.type === type).length;
  }

  after(ms: number, run: () => void): void {
    this.#rank += 1;
    this.#queue.push({ atMs: this.nowMs + ms, rank: this.#rank, run });
  }

  #seen() {
    return [...this.people].map(([participantId, { gateway, muted, flows }]) => ({
      participantId,
      link: this.links.get(gateway),
      sending: muted ? [] : (['microphone', 'camera'] as const),
      flows,
    }));
  }

  #take({ plan, effects }: Transition): void {
    const before = this.plan as HandoverPlan | undefined;
    this.plan = plan;
    for (const effect of effects) this.#send(effect);
    if (plan.phase === 'done' && before?.phase !== 'done') this.#end(plan);
  }

  #end(plan: Extract<HandoverPlan, { phase: 'done' }>): void {
    this.doneAtMs = this.nowMs;
    this.linkedAtEnd = [...this.people.values()].flatMap(({ gateway }) =>
      this.links.get(gateway) === undefined ? [] : [gateway],
    );
    if (plan.outcome.type !== 'moved') return;
    // The node closes the meeting.
    this.#mayLetGo('the end');
    for (const person of this.people.values()) person.oldLeg = false;
  }

  #send({ id, request }: HandoverEffect): void {
    this.requests.push({ atMs: this.nowMs, request });
    const fate = this.fates.shift() ?? smooth;
    const broken = (why: string) => {
      if (!fate.noticed) return;
      this.after(fate.backMs, () =>
        this.say({ type: 'failed', id, error: new HoldfastError('CONNECTION_CLOSED', why) }),
      );
    };
    this.after(fate.thereMs, () => {
      if (fate.lost === 'request') return broken('lost on the way');
      let event: HandoverEvent;
      try {
        const answer = this.#perform(request);
        if (answer === 'nobody') return broken('nobody is there');
        event = { type: 'answered', id, answer };
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        event = { type: 'failed', id, error };
      }
      if (fate.lost === 'answer') return broken('the answer is lost');
      this.after(fate.backMs, () => this.say(event));
      if (fate.twice) this.after(fate.backMs + 700, () => this.say(event));
    });
  }

  #perform(request: HandoverRequest): HandoverAnswer | 'nobody' {
    switch (request.type) {
      case 'reserve':
      case 'commit':
      case 'status':
      case 'give-up':
        return this.registryUp ? this.#registry(request) : 'nobody';
      case 'prepare':
      case 'adopt':
      case 'abandon':
        return this.#target(request.type, request.move);
      case 'open':
      case 'tell-commit':
      case 'tell-abort':
        return this.#gateway(request);
    }
  }

  #registry(
    request: Extract<HandoverRequest, { type: 'reserve' | 'commit' | 'status' | 'give-up' }>,
  ): HandoverAnswer {
    const addressOf = (nodeId: string) => ({ nodeId, rpcUrl: `ws://${nodeId}/rpc` });
    switch (request.type) {
      case 'reserve': {
        const to = [...this.targets].find(
          ([name, { alive }]) => alive && !this.plan.options.exclude.includes(name),
        );
        if (!to) throw new HoldfastError('NO_CAPACITY', 'no target', { retryAfterMs: 1000 });
        const entry = this.apply({ type: 'move', from: source, to: to[0] });
        if (entry?.state !== 'moving') throw new HoldfastError('EPOCH_STALE', 'moved');
        return { type: 'reserved', move: { target: addressOf(to[0]), epoch: entry.movingTo.epoch } };
      }
      case 'commit': {
        const to = request.move.target.nodeId;
        const known = moveStatus(this.#live(), source, to).state === 'committed';
        if (!known && !this.targets.get(to)?.alive) throw new HoldfastError('TARGET_LOST', `${to} is gone`);
        this.apply({ type: 'commit', from: source, to });
        return { type: 'done' };
      }
      case 'give-up':
        this.apply({ type: 'abort', from: source, to: request.move.target.nodeId });
        return { type: 'done' };
      case 'status': {
        const { state, place: at } = moveStatus(this.#live(), source, request.move?.target.nodeId);
        return { type: 'status', state, place: at && { target: addressOf(at.nodeId), epoch: at.epoch } };
      }
    }
  }

  #live() {
    return this.entry?.state === 'ended' ? undefined : this.entry;
  }

  #target(type: 'prepare' | 'adopt' | 'abandon', move: Move): HandoverAnswer | 'nobody' {
    const target = this.targets.get(move.target.nodeId);
    if (!target?.alive || target.hangs) return 'nobody';
    if (type === 'prepare') {
      target.meeting ??= { epoch: move.epoch, role: 'incoming' };
      return { type: 'done' };
    }
    if (target.meeting?.epoch !== move.epoch) {
      if (type === 'adopt') throw new HoldfastError('EPOCH_STALE', 'not here at this epoch');
      return { type: 'done' };
    }
    if (type === 'adopt') target.meeting.role = 'home';
    else {
      this.#undo(move, 'abandon');
      target.meeting = undefined;
      for (const { legs } of this.people.values()) legs.delete(place(move));
    }
    this.told.push(`${type} ${place(move)}`);
    return { type: 'done' };
  }

  #gateway(request: Extract<HandoverRequest, { link: string }>): HandoverAnswer | 'nobody' {
    const found = [...this.links].find(([, link]) => link === request.link);
    if (!found) return 'nobody';
    const [gateway] = found;
    const { move } = request;
    const target = this.targets.get(move.target.nodeId);
    const own = [...this.people.values()].filter((person) => person.gateway === gateway);
    if (request.type === 'open') return this.#open(request, target);
    this.told.push(`${request.type} ${place(move)} ${gateway}`);
    if (request.type === 'tell-abort') {
      if (this.entry?.state === 'moving' && this.entry.movingTo.epoch === move.epoch) {
        this.apply({ type: 'abort', from: source, to: move.target.nodeId });
      }
      this.#undo(move, 'tell-abort');
      for (const person of own) {
        const had = person.legs.delete(place(move));
        // Once the meeting is closed here, the gateways look after it.
        if (had && !person.oldLeg && !this.meetingClosed) this.violations.push('abort leaves nobody a leg');
      }
      return { type: 'done' };
    }
    this.#mayLetGo('tell-commit');
    for (const person of own) {
      if (!person.away && target?.alive) person.legs.add(place(move));
      person.oldLeg = false;
    }
    return { type: 'done' };
  }

  #open(
    { move, participants }: Extract<HandoverRequest, { type: 'open' }>,
    target: TargetInWorld | undefined,
  ): HandoverAnswer {
    const opened: string[] = [];
    const failed: { participantId: string; code: string }[] = [];
    for (const { participantId, publishDelayMs } of participants) {
      const person = this.people.get(participantId);
      if (!person) failed.push({ participantId, code: 'SESSION_UNKNOWN' });
      else if (person.away) failed.push({ participantId, code: 'CONNECTION_CLOSED' });
      else if (!target?.alive || target.hangs) failed.push({ participantId, code: 'NODE_UNREACHABLE' });
      else {
        opened.push(participantId);
        person.legs.add(place(move));
        if (person.willing) this.after(publishDelayMs + 100, () => this.#publish(participantId, move));
      }
    }
    return { type: 'opened', opened, failed };
  }

  /** The client sends on its new leg and reports it; a moment later it and everybody there have switched to each other. */
  #publish(participantId: string, move: Move): void {
    const person = this.people.get(participantId);
    const at = place(move);
    if (!person?.legs.has(at)) return;
    person.sends.add(at);
    this.#report(participantId, { type: 'published', participantId });
    this.after(600, () => {
      for (const [other, { legs, sends, willing }] of this.people) {
        if (other === participantId || !legs.has(at)) continue;
        if (willing) this.#switch(other, participantId);
        if (sends.has(at)) this.#switch(participantId, other);
      }
    });
  }

  /** A client that has resumed says how far it is. */
  #reportAll(participantId: string): void {
    const person = this.people.get(participantId);
    if (!person || !('move' in this.plan)) return;
    const at = place(this.plan.move);
    if (!person.sends.has(at)) return;
    this.#report(participantId, { type: 'published', participantId });
    for (const [other, { sends }] of this.people) {
      if (other !== participantId && sends.has(at)) this.#switch(participantId, other);
    }
  }

  #switch(participantId: string, from: string): void {
    for (const source of ['microphone', 'camera'] as const) {
      this.#report(participantId, { type: 'switched', participantId, from, source });
    }
  }

  #report(participantId: string, event: HandoverEvent): void {
    const person = this.people.get(participantId);
    if (person && !person.away && this.links.get(person.gateway) !== undefined) this.say(event);
  }

  #mayLetGo(what: string): void {
    if (!this.committed && !this.meetingClosed) this.violations.push(`${what} before the commit`);
  }

  #undo(move: Move, what: string): void {
    if (this.home === place(move)) this.violations.push(`${what} after the commit`);
    this.#undone.push(place(move));
  }
}
