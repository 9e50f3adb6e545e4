import {
  cutoffMs,
  type DrainEvent,
  defaultPlanSettings as settings,
} from '@holdfast/lifecycle-hooks/agent/drain-knowledge.ts';
import { type DrainPlan, initialPlan, transition } from '@holdfast/lifecycle-hooks/agent/drain-plan.ts';
import { type DrainStep, nextStep } from '@holdfast/lifecycle-hooks/agent/next-step.ts';
import { deadlineAtMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import type { Deadline, Notice } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import type { DrainStatus } from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { known, notice } from '../notices.ts';

/** A media server that has just been started is not given meetings before it is registered. */
const START_MS = 1000;
/** The longest that a living node's `/healthz` refuses connections. */
const DEAF_MS = 4000;
const noticeIds = ['a', 'b', 'c'] as const;

type Deed =
  | {
      type: 'notice';
      id: string;
      inMs: number | undefined;
      canExtend: boolean;
      canComplete: boolean;
      hidden: boolean;
    }
  | { type: 'withdraw'; id: string }
  | {
      type:
        | 'fill'
        | 'empty'
        | 'crash'
        | 'restart'
        | 'hang'
        | 'wake'
        | 'unlink'
        | 'relink'
        | 'deafen'
        | 'restart-agent';
    }
  | { type: 'cloud'; completes: boolean; extends: boolean };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    type: fc.constant('notice' as const),
    id: fc.constantFrom(...noticeIds),
    inMs: fc.option(fc.integer({ min: 3000, max: 90_000 }), { nil: undefined }),
    canExtend: fc.boolean(),
    canComplete: fc.boolean(),
    hidden: fc.boolean(),
  }),
  fc.record({ type: fc.constant('withdraw' as const), id: fc.constantFrom(...noticeIds) }),
  fc.constantFrom<Deed>(
    { type: 'fill' },
    { type: 'empty' },
    { type: 'crash' },
    { type: 'restart' },
    { type: 'hang' },
    { type: 'wake' },
    { type: 'unlink' },
    { type: 'relink' },
    { type: 'deafen' },
    { type: 'restart-agent' },
  ),
  fc.record({ type: fc.constant('cloud' as const), completes: fc.boolean(), extends: fc.boolean() }),
);
const story = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), deed }), { maxLength: 25 });

/** The plan's whole world in virtual time: a cloud, a node, and the agent's loop without its sockets. */
class World {
  nowMs = 1_000_000;
  plan: DrainPlan = initialPlan;
  readonly notices = new Map<string, Notice>();
  readonly completed = new Set<string>();
  readonly violations: string[] = [];
  node = {
    up: true,
    hangs: false,
    /** Its socket's file was removed, and not made again so far. */
    unlinked: false,
    /** Until then its `/healthz` refuses connections. */
    deafUntilMs: 0,
    state: 'active' as DrainStatus['state'],
    told: new Set<string>(),
    holds: 0,
  };
  cloud = { completes: true, extends: true };
  #startedMs = 0;
  #lastAnswerMs = 0;

  do(deed: Deed): void {
    const { node } = this;
    switch (deed.type) {
      case 'notice': {
        if (this.notices.has(deed.id) || this.completed.has(deed.id)) return;
        const { id, canExtend, canComplete } = deed;
        const deadlineMs = deed.inMs === undefined ? undefined : this.nowMs + deed.inMs;
        const extendable = canExtend && deed.inMs !== undefined;
        const deadline = deed.hidden && extendable ? { deadline: this.#hidden } : { deadlineMs };
        this.say(notice({ id, canExtend: extendable, canComplete, ...deadline }));
        return;
      }
      case 'withdraw': {
        const known = this.notices.get(deed.id);
        if (known && !this.completed.has(deed.id)) this.say({ ...known, status: 'withdrawn' });
        return;
      }
      case 'fill':
        if (node.up && node.state === 'active' && this.nowMs - this.#startedMs >= START_MS) node.holds = 2;
        return;
      case 'empty':
        node.holds = 0;
        if (node.state === 'draining') node.state = 'drained';
        return;
      case 'crash':
        this.node = {
          up: false,
          hangs: false,
          unlinked: false,
          deafUntilMs: 0,
          state: 'active',
          told: new Set(),
          holds: 0,
        };
        return;
      case 'restart':
        if (node.up) return;
        node.up = true;
        this.#startedMs = this.nowMs;
        return;
      case 'hang':
        node.hangs = true;
        return;
      case 'wake':
        node.hangs = false;
        return;
      case 'unlink':
        node.unlinked = node.up;
        return;
      case 'relink':
        node.unlinked = false;
        return;
      case 'deafen':
        if (this.nowMs - node.deafUntilMs > DEAF_MS) node.deafUntilMs = this.nowMs + DEAF_MS;
        return;
      case 'restart-agent':
        this.plan = initialPlan;
        for (const known of this.notices.values()) this.learn({ type: 'notice', notice: known });
        return;
      case 'cloud':
        this.cloud = deed;
    }
  }

  /** Lets the agent work until this time, or until it has nothing more to do. */
  run(untilMs: number): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > 5000) throw new Error('the plan never comes to rest');
      this.learn({ type: 'tick' });
      const step = nextStep(this.plan, this.nowMs, settings);
      if (step.type !== 'wait') this.#execute(step);
      else if (step.untilMs !== undefined && step.untilMs <= untilMs) this.nowMs = step.untilMs;
      else break;
      if (this.nowMs >= untilMs) break;
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  say(news: Notice): void {
    this.notices.set(news.id, news);
    this.learn({ type: 'notice', notice: news });
  }

  learn(event: DrainEvent): void {
    this.plan = transition(this.plan, event, this.nowMs, settings);
  }

  /** As a cloud's metadata has it that says nothing of its clock. */
  get #hidden(): Deadline {
    return { kind: 'unknown', assumedAtMs: this.nowMs };
  }

  get pending(): Notice[] {
    return [...this.notices.values()].filter(({ status }) => status === 'pending');
  }

  /** How long the agent waits for an answer: never past a cutoff by more than a moment. */
  get #patienceMs(): number {
    const left = this.pending.map((each) => (cutoffMs(each, settings) ?? Infinity) - this.nowMs);
    return Math.max(250, Math.min(1000, ...left.filter((ms) => ms > 0)));
  }

  get #timeIsOver(): boolean {
    return this.pending.some((each) => this.nowMs >= (cutoffMs(each, settings) ?? Infinity));
  }

  #execute(step: Exclude<DrainStep, { type: 'wait' }>): void {
    const { node } = this;
    if (step.type === 'extend') {
      this.nowMs += 5;
      const extended = { ...step.notice, deadline: known(this.nowMs + 30_000) };
      if (this.cloud.extends && this.notices.get(step.notice.id)?.status === 'pending') this.say(extended);
      else this.learn({ type: 'extend-failed', noticeId: step.notice.id, refused: false });
      return;
    }
    if (step.type === 'complete') {
      this.nowMs += 5;
      if (this.notices.get(step.notice.id)?.status !== 'pending')
        this.violations.push('completed what is withdrawn');
      if (!step.notice.canComplete) this.violations.push('completed what cannot be');
      if (!this.cloud.completes) {
        this.learn({ type: 'complete-failed', noticeId: step.notice.id });
        return;
      }
      if (node.holds > 0 && node.state !== 'released' && !this.#timeIsOver) {
        this.violations.push(
          `completed over ${node.holds} meetings (last answer ${this.nowMs - this.#lastAnswerMs} ms ago)`,
        );
      }
      this.completed.add(step.notice.id);
      this.learn({ type: 'completed', noticeId: step.notice.id });
      return;
    }
    this.#askNode(step);
  }

  #askNode(step: Extract<DrainStep, { type: 'ask' | 'tell' | 'take-back' | 'release' }>): void {
    const { node } = this;
    this.nowMs += node.hangs ? this.#patienceMs : 2;
    const changes = step.type !== 'ask';
    if (!node.up || node.hangs || node.unlinked) {
      const socket = !node.up || node.unlinked ? 'nobody' : 'no-answer';
      const heard = node.up && this.nowMs >= node.deafUntilMs ? 'somebody' : 'nobody';
      this.learn({
        type: 'node-unanswered',
        found: { socket, health: socket === 'nobody' ? heard : 'not-asked' },
      });
      if (changes) this.learn({ type: 'request-failed' });
      return;
    }
    const refused = this.#change(step);
    this.#lastAnswerMs = this.nowMs;
    this.learn({
      type: 'node-answered',
      status: { nodeId: 'node-1', role: 'media', state: node.state, holds: node.holds, people: node.holds },
    });
    if (refused) this.learn({ type: 'request-failed' });
    else if (step.type === 'tell') this.learn({ type: 'told', notice: step.notice });
    else if (step.type === 'take-back') this.learn({ type: 'taken-back', noticeIds: step.noticeIds });
  }

  #change(step: DrainStep): boolean {
    const { node } = this;
    if (step.type === 'tell') {
      node.told.add(step.notice.id);
      if (node.state === 'active') node.state = node.holds > 0 ? 'draining' : 'drained';
    } else if (step.type === 'take-back') {
      if (node.state === 'released') return true;
      for (const id of step.all ? [...node.told] : step.noticeIds) node.told.delete(id);
      if (node.told.size === 0) node.state = 'active';
    } else if (step.type === 'release') {
      if (node.state === 'active' || (node.holds > 0 && !step.force)) return true;
      if (node.holds > 0 && !this.#timeIsOver) this.violations.push('released over meetings before the time');
      node.state = 'released';
    }
    return false;
  }
}

function play(deeds: readonly { afterMs: number; deed: Deed }[]): World {
  const world = new World();
  for (const { afterMs, deed } of deeds) {
    world.run(world.nowMs + afterMs);
    world.do(deed);
  }
  return world;
}

describe('drain plan, whatever happens in whatever order', { timeout: 30_000 }, () => {
  it('never lets the cloud take a node with meetings before the earliest deadline minus the margin', () => {
    fc.assert(
      fc.property(story, (deeds) => {
        const world = play(deeds);
        world.run(world.nowMs + 120_000);
        expect(world.violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('completes everything that can be completed as soon as node and cloud allow it', () => {
    fc.assert(
      fc.property(story, (deeds) => {
        const world = play(deeds);
        world.do({ type: 'wake' });
        world.do({ type: 'restart' });
        world.do({ type: 'relink' });
        world.do({ type: 'cloud', completes: true, extends: true });
        world.run(world.nowMs + 3000);
        world.do({ type: 'empty' });
        world.run(world.nowMs + 3000);
        const open = world.pending.filter(({ id, canComplete }) => canComplete && !world.completed.has(id));
        expect(open).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('completes by the deadline what can be completed, also when the node never answers and never empties', () => {
    fc.assert(
      fc.property(story, (deeds) => {
        const world = play(deeds);
        world.do({ type: 'cloud', completes: true, extends: false });
        const late = [
          ...world.pending.map(({ deadline }) => deadlineAtMs(deadline) ?? 0),
          world.nowMs + 3000,
        ];
        world.run(Math.max(...late));
        const open = world.pending.filter(
          ({ id, canComplete, deadline }) =>
            canComplete && deadline.kind === 'known' && !world.completed.has(id),
        );
        expect(open).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('gives a node back to its work when every notice is withdrawn before the release', () => {
    fc.assert(
      fc.property(story, (deeds) => {
        const world = play(deeds);
        world.do({ type: 'wake' });
        world.do({ type: 'restart' });
        world.do({ type: 'relink' });
        for (const id of noticeIds) world.do({ type: 'withdraw', id });
        world.run(world.nowMs + 10_000);
        fc.pre(world.completed.size === 0 && world.node.state !== 'released');
        expect(world.node.state).toBe('active');
        expect(world.plan.phase).toBe('idle');
      }),
      { numRuns: 300 },
    );
  });
});
