import { HoldfastError, type MediaSource, type MoveState, type NodeAddress } from '../protocol/index.ts';
import {
  asked,
  away,
  linksOf,
  opened,
  type Patience,
  type People,
  type PersonSeen,
  reachable,
  refused,
  seen,
} from './handover-people.ts';
import { emptyTally, expecting, type HandoverTally, published, switched } from './handover-tally.ts';

/** What one handover knows, what it can ask of others, and how it learns. */

/** Where the meeting is being moved to, and its epoch there. */
export interface Move {
  readonly target: NodeAddress;
  readonly epoch: number;
}

export type HandoverRequest =
  /** A target from the control plane. */
  | { readonly type: 'reserve' }
  /** Dial the target and let it make the meeting. */
  | { readonly type: 'prepare'; readonly move: Move }
  /** A gateway opens second legs for these people. */
  | {
      readonly type: 'open';
      readonly move: Move;
      readonly link: string;
      readonly participants: readonly { readonly participantId: string; readonly publishDelayMs: number }[];
    }
  /** The control plane makes the target the home. */
  | { readonly type: 'commit'; readonly move: Move }
  /** The control plane says what became of the move; without `move`, of one whose reservation was not answered. */
  | { readonly type: 'status'; readonly move: Move | undefined }
  /** The control plane makes sure that this move can no longer be committed. */
  | { readonly type: 'give-up'; readonly move: Move }
  | { readonly type: 'adopt'; readonly move: Move }
  | { readonly type: 'abandon'; readonly move: Move }
  | { readonly type: 'tell-commit'; readonly move: Move; readonly link: string }
  | { readonly type: 'tell-abort'; readonly move: Move; readonly link: string };

/** A request that is to be sent. After `limitMs` the plan waits for its answer no longer. */
export interface HandoverEffect {
  readonly id: number;
  readonly request: HandoverRequest;
  readonly limitMs: number;
}

export type HandoverAnswer =
  | { readonly type: 'done' }
  | { readonly type: 'reserved'; readonly move: Move }
  | {
      readonly type: 'opened';
      readonly opened: readonly string[];
      readonly failed: readonly { readonly participantId: string; readonly code: string }[];
    }
  | { readonly type: 'status'; readonly state: MoveState; readonly place: Move | undefined };

export type HandoverEvent =
  | { readonly type: 'answered'; readonly id: number; readonly answer: HandoverAnswer }
  | { readonly type: 'failed'; readonly id: number; readonly error: HoldfastError }
  /** Who is in the meeting now. */
  | { readonly type: 'people'; readonly people: readonly PersonSeen[] }
  | { readonly type: 'published'; readonly participantId: string }
  | {
      readonly type: 'switched';
      readonly participantId: string;
      readonly from: string;
      readonly source: MediaSource;
    }
  /** Their gateway has lost them, though they have the second leg. */
  | { readonly type: 'away'; readonly participantId: string }
  /** The target, or the worker under the incoming meeting, is gone. */
  | { readonly type: 'target-lost'; readonly why: string }
  /** The meeting is gone from this node: its worker died, or everybody has left. */
  | { readonly type: 'meeting-closed' }
  /** This process ends. */
  | { readonly type: 'stop' }
  /** Time has passed. */
  | { readonly type: 'tick' };

export interface HandoverOptions {
  /** The whole publishing order begins this much later. */
  readonly publishOffsetMs: number;
  /** Targets that are out of the question. */
  readonly exclude: readonly string[];
  /** By then it must be committed, Unix time; past: as fast as can be. undefined: there is time. */
  readonly untilMs: number | undefined;
  /** Commit at `untilMs` whatever is missing: the machine will not wait. */
  readonly force: boolean;
}

export interface HandoverSettings extends Patience {
  /** From the first second leg to the commit, ms. */
  readonly meetingDeadlineMs: number;
  readonly publishSpacingMs: number;
  readonly publishOrderMs: number;
  /** A deadline that is past or very near still leaves the first legs this long to be published on, ms. */
  readonly publishRoundMs: number;
  /** With no gateway left nobody can be told of a commit: both legs stand, at most so long, ms. */
  readonly noGatewayMs: number;
  /** How long to ask what became of a commit, ms. */
  readonly doubtMs: number;
  /** The same, if the deadline is past or very near, ms. */
  readonly shortDoubtMs: number;
  /** Before the same is asked of the same once more, ms. */
  readonly askAgainMs: number;
  /** How long target and gateways are told of a commit, ms. */
  readonly finishMs: number;
  /** Clients have closed their old legs by then; closing the router earlier would cut those who are still closing. */
  readonly closeAfterMs: number;
  /** How long an answer is waited for, ms. */
  readonly limitMs: { readonly [request in HandoverRequest['type']]: number };
}

export const defaultHandoverSettings: Omit<
  HandoverSettings,
  'meetingDeadlineMs' | 'publishSpacingMs' | 'publishOrderMs'
> = {
  publishRoundMs: 3000,
  comeBackMs: 2000,
  catchUpMs: 500,
  comeBackTogetherMs: 5000,
  noGatewayMs: 600_000,
  doubtMs: 600_000,
  shortDoubtMs: 5000,
  askAgainMs: 500,
  finishMs: 5000,
  closeAfterMs: 300,
  limitMs: {
    reserve: 5000,
    prepare: 5000,
    open: 5000,
    commit: 5000,
    status: 3000,
    'give-up': 3000,
    adopt: 3000,
    abandon: 1000,
    'tell-commit': 4000,
    'tell-abort': 4000,
  },
};

export interface HandoverKnowledge {
  readonly options: HandoverOptions;
  /** When this was known. */
  readonly atMs: number;
  readonly people: People;
  readonly tally: HandoverTally;
  /** Requests without an answer yet, and until when it is waited for. */
  readonly pending: ReadonlyMap<number, { readonly request: HandoverRequest; readonly untilMs: number }>;
  readonly nextId: number;
  /** Why the target is out of reach. */
  readonly targetLost: string | undefined;
  /** Why the plan stands where it stands, for the log. */
  readonly why: string;
}

export function initialKnowledge(
  options: HandoverOptions,
  people: readonly PersonSeen[],
  nowMs: number,
  settings: HandoverSettings,
): HandoverKnowledge {
  return {
    options,
    atMs: nowMs,
    people: seen(new Map(), people, nowMs, settings),
    tally: emptyTally,
    pending: new Map(),
    nextId: 1,
    targetLost: undefined,
    why: 'begun',
  };
}

/** An answer, or why there is none; requests that were not answered in time have failed. */
export type Reply =
  | { readonly request: HandoverRequest; readonly answer: HandoverAnswer }
  | { readonly request: HandoverRequest; readonly error: HoldfastError };

/** What is known after the event; everything else of `plan` stays as it is. Answers nobody waits for are left out. */
export function learn<P extends HandoverKnowledge>(
  plan: P,
  event: HandoverEvent,
  nowMs: number,
  settings: HandoverSettings,
): { readonly plan: P; readonly replies: readonly Reply[] } {
  const { pending, replies } = repliesOf(plan, event, nowMs);
  let { people, tally, targetLost } = plan;
  switch (event.type) {
    case 'people':
      people = seen(people, event.people, nowMs, settings);
      break;
    case 'published':
      tally = published(tally, event.participantId);
      people = opened(people, [event.participantId]);
      break;
    case 'switched':
      tally = switched(tally, event.participantId, event.from, event.source);
      people = opened(people, [event.participantId]);
      break;
    case 'away':
      people = away(people, event.participantId, { nowMs, askAtMs: nowMs + settings.askAgainMs }, settings);
      break;
    case 'target-lost':
      targetLost ??= event.why;
      break;
  }
  for (const reply of replies) people = afterOpen(people, reply, nowMs, settings);
  tally = expecting(tally, reachable(people, nowMs));
  return { plan: { ...plan, atMs: nowMs, people, tally, targetLost, pending }, replies };
}

function repliesOf(plan: HandoverKnowledge, event: HandoverEvent, nowMs: number) {
  const pending = new Map(plan.pending);
  const replies: Reply[] = [];
  if (event.type === 'answered' || event.type === 'failed') {
    const request = pending.get(event.id)?.request;
    pending.delete(event.id);
    if (request) {
      replies.push(
        event.type === 'answered' ? { request, answer: event.answer } : { request, error: event.error },
      );
    }
  }
  for (const [id, { request, untilMs }] of pending) {
    if (nowMs < untilMs) continue;
    pending.delete(id);
    const error = new HoldfastError('TIMEOUT', `${request.type}: no answer in time`);
    replies.push({ request, error });
  }
  return { pending, replies };
}

function afterOpen(people: People, reply: Reply, nowMs: number, settings: HandoverSettings): People {
  const { request } = reply;
  if (request.type !== 'open') return people;
  const askAtMs = nowMs + settings.askAgainMs;
  if ('answer' in reply && reply.answer.type === 'opened') {
    const after = opened(people, reply.answer.opened);
    return reply.answer.failed.reduce(
      (all, { participantId, code }) => refused(all, [participantId], { code, askAtMs }, nowMs, settings),
      after,
    );
  }
  // A gateway that does not answer tells nobody anything: its people are as good as away.
  const participantIds = request.participants.map(({ participantId }) => participantId);
  return refused(people, participantIds, { code: 'CONNECTION_CLOSED', askAtMs }, nowMs, settings);
}

/** The request is on its way from now on. */
export function sent<P extends HandoverKnowledge>(
  plan: P,
  request: HandoverRequest,
  nowMs: number,
  settings: HandoverSettings,
): { readonly plan: P; readonly effect: HandoverEffect } {
  const limitMs = settings.limitMs[request.type];
  const id = plan.nextId;
  const pending = new Map(plan.pending).set(id, { request, untilMs: nowMs + limitMs });
  const people =
    request.type === 'open'
      ? asked(
          plan.people,
          request.participants.map(({ participantId }) => participantId),
          nowMs,
        )
      : plan.people;
  return { plan: { ...plan, pending, people, nextId: id + 1 }, effect: { id, request, limitMs } };
}

export function isPending(plan: HandoverKnowledge, ...types: readonly HandoverRequest['type'][]): boolean {
  return [...plan.pending.values()].some(({ request }) => types.includes(request.type));
}

/** Gateways that can be told. */
export function gateways(plan: HandoverKnowledge): Set<string> {
  return linksOf(plan.people);
}
