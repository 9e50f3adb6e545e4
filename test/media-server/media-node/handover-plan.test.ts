import { whatIsMissing } from '@holdfast/media-server/media-node/handover-phases.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { type Fate, HandoverWorld, settings, smooth, source } from './handover-world.ts';

const two = { ada: 'g1', ben: 'g1' };
const apart = { ada: 'g1', ben: 'g2' };
const lostAnswer: Fate = { ...smooth, lost: 'answer' };
const lostRequest: Fate = { ...smooth, lost: 'request' };
const silent: Fate = { ...smooth, lost: 'request', noticed: false };

const begun = (people: Readonly<Record<string, string>> = two) => new HandoverWorld({ people });
const asked = (world: HandoverWorld) => world.requests.map(({ request }) => request.type);
const outcomeOf = (world: HandoverWorld) =>
  world.plan.phase === 'done' ? world.plan.outcome : world.plan.phase;
/** How long it has taken, ms. */
const took = (world: HandoverWorld) => (world.doneAtMs ?? Number.POSITIVE_INFINITY) - 1_000_000;
const person = (world: HandoverWorld, name: string) => {
  const found = world.people.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
/** The next request meets this fate once the plan stands in that phase. */
function upTo(phase: 'preparing' | 'switching', fates: readonly Fate[], people = two): HandoverWorld {
  const world = begun(people).until(phase);
  world.fates.push(...fates);
  return world;
}
const committing = (fates: readonly Fate[], people = two) => {
  const world = upTo('switching', [], people);
  world.runFor(600);
  world.fates.push(...fates);
  return world.until('committing', 3000);
};
const moved = { type: 'moved', move: { target: { nodeId: 'b' }, epoch: 4 }, stragglers: 0 };

describe('a handover in which all goes well', () => {
  it('asks in this order, and lets the old legs go 300 ms after everybody was told', () => {
    const world = begun(apart).runFor(10_000);
    expect(asked(world)).toEqual([
      'reserve',
      'prepare',
      'open',
      'open',
      'commit',
      'tell-commit',
      'tell-commit',
      'adopt',
    ]);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told.toSorted()).toEqual(['adopt b@4', 'tell-commit b@4 g1', 'tell-commit b@4 g2']);
    const toldAtMs = Math.max(...world.requests.map(({ atMs }) => atMs));
    expect((world.doneAtMs ?? 0) - toldAtMs).toBe(2 + settings.closeAfterMs);
    expect(took(world)).toBeLessThan(2000);
    expect(world.violations).toEqual([]);
  });

  it('lets people publish one after the other, the whole order later by the offset', () => {
    const delays = (options: object, people: Record<string, string> = apart) => {
      const world = new HandoverWorld({ people, options }).until('switching').runFor(100);
      return world.requests.flatMap(({ request }) =>
        request.type === 'open' ? request.participants.map(({ publishDelayMs }) => publishDelayMs) : [],
      );
    };
    expect(delays({})).toEqual([0, 400]);
    expect(delays({ publishOffsetMs: 200 })).toEqual([200, 600]);
    // Twenty people fit into three seconds.
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`p${index}`, 'g1']));
    expect(delays({}, many).slice(-2)).toEqual([2850, 3000]);
  });

  it('with a deadline that is near publishes in a third of the time that is left, and without the offset', () => {
    const last = (untilMs: number) => {
      const options = { untilMs: 1_000_000 + untilMs, publishOffsetMs: 200 };
      const world = new HandoverWorld({ people: apart, options }).until('switching').runFor(100);
      const delays = world.requests.flatMap(({ request }) =>
        request.type === 'open' ? request.participants.map(({ publishDelayMs }) => publishDelayMs) : [],
      );
      return Math.max(...delays);
    };
    expect(last(60_000)).toBe(600);
    expect(last(604)).toBe(200);
    expect(last(-60_000)).toBe(0);
  });

  it('commits at once when everybody has left: who comes meets there', () => {
    const world = upTo('switching', []);
    world.people.clear();
    world.look();
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('commits after the meeting’s time whoever has not switched, and says how many streams that are', () => {
    const world = begun();
    person(world, 'ben').willing = false;
    world.runFor(9000);
    expect(world.plan.phase).toBe('switching');
    world.runFor(3000);
    // Ben has not published and takes nothing; nobody takes his two streams.
    expect(outcomeOf(world)).toMatchObject({ ...moved, stragglers: 5 });
    expect(took(world)).toBeLessThan(10_500);
  });

  it('does not wait for what is muted', () => {
    const world = begun();
    person(world, 'ben').muted = true;
    world.look();
    world.runFor(10_000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });
});

describe('a commit whose answer is lost', () => {
  it('is found to have been done: it is told, and nothing is undone', () => {
    const world = committing([lostAnswer]).runFor(5000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(asked(world)).toEqual(['reserve', 'prepare', 'open', 'commit', 'status', 'tell-commit', 'adopt']);
    expect(world.told).toEqual(['tell-commit b@4 g1', 'adopt b@4']);
  });

  it('is asked for again when it was not done', () => {
    const world = committing([lostRequest]).runFor(5000);
    expect(asked(world).slice(3, 7)).toEqual(['commit', 'status', 'commit', 'tell-commit']);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(took(world)).toBeLessThan(4000);
  });

  it('is asked about as long as the control plane is gone, and told when it is back', () => {
    const world = committing([lostAnswer]);
    world.runFor(2);
    world.registryUp = false;
    world.runFor(60_000);
    expect(world.plan.phase).toBe('committing');
    // Twice a second, not without a pause.
    expect(world.countOf('status')).toBeGreaterThan(60);
    expect(world.countOf('status')).toBeLessThan(130);
    expect(world.countOf('commit')).toBe(1);
    world.registryUp = true;
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told).toEqual(['tell-commit b@4 g1', 'adopt b@4']);
  });

  it('that nobody can say anything about for ten minutes ends the attempt, and nothing is undone', () => {
    const world = committing([lostAnswer]);
    world.runFor(2);
    world.registryUp = false;
    world.runFor(settings.doubtMs - 1000);
    expect(world.plan.phase).toBe('committing');
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' }, target: 'b' });
    expect(world.told).toEqual([]);
  });

  it('ends it at the deadline, but leaves the control plane some seconds', () => {
    const end = (untilMs: number) => {
      const world = new HandoverWorld({ people: two, options: { untilMs: 1_000_000 + untilMs } });
      world.until('switching').runFor(600);
      world.fates.push(lostAnswer);
      world.until('committing').runFor(2);
      world.registryUp = false;
      world.runFor(60_000);
      return took(world);
    };
    expect(end(20_000)).toBe(20_000);
    expect(end(2000)).toBeGreaterThan(settings.shortDoubtMs);
    expect(end(2000)).toBeLessThan(settings.shortDoubtMs + 2500);
  });

  it('is not asked for twice at the same time, however long the answer takes', () => {
    const world = committing([{ ...smooth, backMs: 4000 }]).runFor(3900);
    expect(asked(world).filter((type) => type === 'commit' || type === 'status')).toEqual(['commit']);
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('and is waited for no longer than its limit', () => {
    const world = committing([silent]).runFor(settings.limitMs.commit + 600);
    expect(asked(world).slice(3)).toEqual(['commit', 'status']);
    expect(world.plan.why).toBe('not committed yet');
  });
});

describe('a move that others have ended', () => {
  it('with the target as the home is committed: it is finished, not given up', () => {
    const world = committing([]);
    // A gateway has taken this node for dead.
    world.apply({ type: 'lost', place: source, newHome: 'c' });
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told).toEqual(['tell-commit b@4 g1', 'adopt b@4']);
  });

  it('with this node as the home is undone, and another target is taken', () => {
    const world = committing([{ ...smooth, thereMs: 100 }]);
    world.apply({ type: 'abort', from: source, to: 'b' });
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'CONFLICT' }, target: 'b' });
    expect(world.told).toEqual(['tell-abort b@4 g1', 'abandon b@4']);
  });

  it('with a third node as the home: people are sent there, and the target forgets it', () => {
    const world = committing([{ ...smooth, thereMs: 100 }]);
    world.apply({ type: 'abort', from: source, to: 'b' });
    world.apply({ type: 'lost', place: source, newHome: 'c' });
    world.runFor(2000);
    expect(outcomeOf(world)).toEqual({ type: 'gone' });
    expect(world.told).toEqual(['tell-commit c@5 g1', 'abandon b@4']);
  });

  it('and begun anew to the same target is not this one', () => {
    const world = committing([{ ...smooth, thereMs: 100, lost: 'request' }]);
    world.apply({ type: 'move', from: source, to: 'b' });
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'CONFLICT' }, target: 'b' });
    expect(world.countOf('commit')).toBe(1);
  });

  it('and committed anew to the same target has another epoch: people are sent to that', () => {
    const world = committing([{ ...smooth, thereMs: 100, lost: 'request' }]);
    world.apply({ type: 'move', from: source, to: 'b' });
    world.apply({ type: 'commit', from: source, to: 'b' });
    world.runFor(2000);
    expect(outcomeOf(world)).toEqual({ type: 'gone' });
    expect(world.told).toContain('tell-commit b@5 g1');
  });

  it('together with the meeting leaves people on their old legs', () => {
    const world = committing([{ ...smooth, thereMs: 100 }]);
    world.apply({ type: 'abort', from: source, to: 'b' });
    world.apply({ type: 'end', place: source });
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'EPOCH_STALE' }, target: 'b' });
    expect(world.told).toEqual(['tell-abort b@4 g1', 'abandon b@4']);
  });

  it('before it began is gone, and whoever is still here is sent to its home', () => {
    const world = new HandoverWorld({
      people: two,
      before: (early) => early.apply({ type: 'lost', place: source, newHome: 'c' }),
    }).runFor(2000);
    expect(asked(world)).toEqual(['reserve', 'status', 'tell-commit']);
    expect(outcomeOf(world)).toEqual({ type: 'gone' });
    expect(world.told).toEqual(['tell-commit c@4 g1']);
  });

  it('and the meeting with it is gone', () => {
    const before = (early: HandoverWorld) => early.apply({ type: 'end', place: source });
    const world = new HandoverWorld({ people: two, before }).runFor(2000);
    expect(outcomeOf(world)).toEqual({ type: 'gone' });
    expect(world.told).toEqual([]);
  });
});

describe('a reservation', () => {
  it('that finds no room says when to ask again', () => {
    const world = new HandoverWorld({ people: two, targets: [] }).runFor(100);
    expect(outcomeOf(world)).toMatchObject({
      type: 'failed',
      error: { code: 'NO_CAPACITY', retryAfterMs: 1000 },
      target: undefined,
    });
    expect(asked(world)).toEqual(['reserve']);
  });

  it('whose answer is lost is taken up: newcomers are sent there already', () => {
    const world = new HandoverWorld({ people: two, fates: [lostAnswer] }).runFor(10_000);
    expect(asked(world).slice(0, 3)).toEqual(['reserve', 'status', 'prepare']);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('that was not made is asked for in the next attempt', () => {
    const world = new HandoverWorld({ people: two, fates: [lostRequest] }).runFor(1000);
    expect(asked(world)).toEqual(['reserve', 'status']);
    expect(outcomeOf(world)).toMatchObject({
      type: 'failed',
      error: { code: 'CONNECTION_CLOSED' },
      target: undefined,
    });
  });

  it('of an earlier attempt on a target that has failed is not taken up', () => {
    const world = new HandoverWorld({
      people: two,
      options: { exclude: ['b'] },
      fates: [lostRequest],
      before: (early) => early.apply({ type: 'move', from: source, to: 'b' }),
    }).runFor(1000);
    expect(outcomeOf(world)).toMatchObject({
      type: 'failed',
      error: { code: 'CONNECTION_CLOSED' },
      target: undefined,
    });
  });

  it('that failed in the control plane may have been made all the same', () => {
    const world = new HandoverWorld({ people: two, fates: [silent] });
    world.say({ type: 'failed', id: 1, error: new HoldfastError('INTERNAL', 'a fault') });
    expect(asked(world)).toEqual(['reserve', 'status']);
  });

  it('that nobody can say anything about ends the attempt', () => {
    const world = new HandoverWorld({ people: two, fates: [silent, silent] }).runFor(
      settings.limitMs.reserve + settings.limitMs.status,
    );
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' }, target: undefined });
  });
});

describe('a target', () => {
  const lost = { type: 'failed', error: { code: 'NODE_UNREACHABLE' }, target: 'b' };

  it('that dies while people switch is given up at once', () => {
    const world = upTo('switching', []).runFor(200);
    world.loseTarget('b');
    const atMs = world.nowMs;
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(lost);
    expect((world.doneAtMs ?? 0) - atMs).toBeLessThan(20);
    expect(asked(world).slice(3)).toEqual(['give-up', 'status', 'tell-abort']);
    expect(world.home).toBe('a@3');
  });

  it('that cannot be prepared is given up', () => {
    const world = new HandoverWorld({
      people: two,
      before: (early) => Object.assign(early.targets.get('b') ?? {}, { hangs: true }),
    }).runFor(3000);
    expect(outcomeOf(world)).toMatchObject({
      type: 'failed',
      error: { code: 'CONNECTION_CLOSED' },
      target: 'b',
    });
    expect(asked(world)).toEqual(['reserve', 'prepare', 'give-up', 'status', 'tell-abort', 'abandon']);
  });

  it('that dies while it is prepared is given up at once', () => {
    const world = new HandoverWorld({ people: two, fates: [smooth, silent] }).until('preparing').runFor(5);
    world.loseTarget('b');
    world.runFor(20);
    expect(outcomeOf(world)).toMatchObject(lost);
  });

  it('that is gone before anything was committed is a definite no', () => {
    const world = committing([{ ...smooth, thereMs: 20 }]);
    const target = world.targets.get('b');
    if (target) target.alive = false;
    world.runFor(100);
    // Its abandon is answered by nobody.
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'TARGET_LOST' }, target: 'b' });
    expect(world.countOf('commit')).toBe(1);
  });

  it('that dies while the control plane is gone holds up the drain no longer than that', () => {
    const world = committing([lostRequest]);
    world.registryUp = false;
    world.runFor(300);
    world.loseTarget('b');
    world.runFor(30_000);
    expect(world.plan.phase).toBe('aborting');
    expect(world.told).toEqual([]);
    world.registryUp = true;
    const atMs = world.nowMs;
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject(lost);
    expect((world.doneAtMs ?? 0) - atMs).toBeLessThan(settings.askAgainMs + 50);
    expect(world.told).toEqual(['tell-abort b@4 g1']);
  });

  it('that dies after a commit whose answer was lost is the home all the same', () => {
    const world = committing([lostAnswer]).runFor(1);
    world.loseTarget('b');
    world.runFor(8000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told).toEqual(['tell-commit b@4 g1']);
    expect(world.countOf('adopt')).toBe(1);
    expect(took(world)).toBeLessThan(3500);
  });

  it('that is lost while a commit is under way is not given up before the answer', () => {
    const world = committing([{ ...smooth, backMs: 3000 }]).runFor(10);
    world.loseTarget('b');
    world.runFor(1000);
    expect(world.plan.phase).toBe('committing');
    world.runFor(5000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('that has lost only its connection hears of the commit when it answers again', () => {
    const world = committing([smooth, smooth, lostRequest]).runFor(10);
    expect(world.countOf('adopt')).toBe(1);
    world.runFor(2000);
    expect(world.told).toContain('adopt b@4');
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('that no longer has the meeting is not told again and again', () => {
    const world = committing([]);
    const target = world.targets.get('b');
    if (target) target.meeting = undefined;
    world.runFor(3000);
    expect(world.countOf('adopt')).toBe(1);
    expect(outcomeOf(world)).toMatchObject(moved);
  });
});

describe('an abort', () => {
  it('whose giving up is not answered is asked for until it is certain, and only then told', () => {
    const world = upTo('switching', [lostAnswer, lostAnswer, silent]);
    world.fates.unshift(smooth);
    world.runFor(5);
    world.loseTarget('b');
    world.runFor(400);
    expect(world.told).toEqual([]);
    world.runFor(8000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', target: 'b' });
    expect(world.told).toEqual(['tell-abort b@4 g1']);
  });

  it('that meets a commit of others is none', () => {
    const world = upTo('switching', []).runFor(100);
    world.apply({ type: 'lost', place: source, newHome: 'c' });
    world.loseTarget('b');
    world.runFor(6000);
    expect(outcomeOf(world)).toMatchObject({ type: 'moved' });
    expect(world.told).toEqual(['tell-commit b@4 g1']);
  });

  it('tells each gateway once and does not wait for one that is silent longer than its limit', () => {
    const world = upTo('switching', [], apart).runFor(100);
    world.fates.push(smooth, smooth, silent);
    world.loseTarget('b');
    world.runFor(settings.limitMs['tell-abort'] - 100);
    expect(world.plan.phase).toBe('aborting');
    world.runFor(200);
    expect(world.countOf('tell-abort')).toBe(2);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', target: 'b' });
  });

  it('of a commit in doubt does not begin the ten minutes anew', () => {
    const world = committing([lostAnswer]).runFor(2);
    world.registryUp = false;
    world.runFor(settings.doubtMs - 5000);
    world.loseTarget('b');
    world.runFor(4000);
    expect(world.plan.phase).toBe('aborting');
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' }, target: 'b' });
  });

  it('that nobody can make certain ends after ten minutes and tells nobody', () => {
    const world = upTo('switching', []).runFor(100);
    world.registryUp = false;
    world.loseTarget('b');
    world.runFor(settings.doubtMs + 1000);
    expect(outcomeOf(world)).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' }, target: 'b' });
    expect(world.told).toEqual([]);
  });
});

describe('who cannot be told', () => {
  it('because they are away is waited for two seconds, not the meeting’s whole time', () => {
    const world = begun();
    person(world, 'ben').away = true;
    world.runFor(1900);
    expect(world.plan.phase).toBe('switching');
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(took(world)).toBeLessThan(2500);
  });

  it('is asked again twice a second, and is moved with the others when back', () => {
    const world = begun();
    person(world, 'ben').away = true;
    world.runFor(1200);
    expect(world.countOf('open')).toBe(3);
    person(world, 'ben').away = false;
    world.runFor(3000);
    const opens = world.requests.flatMap(({ request }) => (request.type === 'open' ? [request] : []));
    expect(opens).toHaveLength(4);
    expect(opens.at(-1)?.participants).toEqual([{ participantId: 'ben', publishDelayMs: 0 }]);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(person(world, 'ben').sends).toContain('b@4');
  });

  it('is waited for no longer because there is other news of the meeting', () => {
    const world = begun();
    person(world, 'ben').away = true;
    for (let news = 0; news < 15; news += 1) {
      world.runFor(200);
      world.look();
    }
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.countOf('open')).toBeLessThan(7);
  });

  it.each([
    { type: 'published', participantId: 'ben' },
    { type: 'switched', participantId: 'ben', from: 'ada', source: 'camera' },
  ] as const)('and reports $type from the new leg all the same is there again', (report) => {
    const world = begun();
    person(world, 'ben').away = true;
    world.until('switching').runFor(1900);
    world.say(report);
    world.runFor(550);
    // What ben sends is waited for now.
    expect(world.plan.phase).toBe('switching');
    world.say({ type: 'published', participantId: 'ben' });
    for (const from of ['ada', 'ben']) {
      const participantId = from === 'ada' ? 'ben' : 'ada';
      for (const stream of ['microphone', 'camera'] as const) {
        world.say({ type: 'switched', participantId, from, source: stream });
      }
    }
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('and comes back in mid-move is waited for half a second more, not the meeting’s whole time', () => {
    const world = begun();
    Object.assign(person(world, 'ben'), { away: true, willing: false });
    world.until('switching').runFor(1400);
    // Has the second leg 1.5 s after the first question, and nothing comes on it.
    person(world, 'ben').away = false;
    world.runFor(1090);
    expect(world.countOf('open')).toBe(4);
    expect(world.plan.phase).toBe('switching');
    world.runFor(20);
    expect(world.plan).toMatchObject({ phase: 'finishing', stragglers: 0 });
    expect(whatIsMissing(world.plan)).toEqual(['ben to catch up']);
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('because they went away in mid-move, with the second leg, is not waited for as if they could be told', () => {
    const world = begun();
    person(world, 'ben').willing = false;
    world.until('switching').runFor(800);
    world.goAway('ben');
    world.runFor(1150);
    expect(world.plan.phase).toBe('switching');
    world.runFor(60);
    expect(world.plan).toMatchObject({ phase: 'finishing', stragglers: 0 });
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('for a moment in mid-move loses nothing: the reports of before count', () => {
    const world = begun();
    world.until('switching').runFor(600);
    world.goAway('ben');
    world.runFor(100);
    world.comeBack('ben');
    expect(world.plan.phase).toBe('switching');
    world.runFor(3000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(person(world, 'ben').sends).toContain('b@4');
  });

  it('by media, because no path of theirs comes up, holds up nobody, and is moved with the others', () => {
    const world = begun();
    Object.assign(person(world, 'ben'), { flows: false, willing: false });
    world.look();
    world.runFor(3000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(took(world)).toBeLessThan(1500);
    expect(person(world, 'ben').legs).toContain('b@4');
  });

  it('at the first question, and answers the second, was only slow and is waited for like everybody', () => {
    const world = begun();
    Object.assign(person(world, 'ben'), { away: true, willing: false });
    world.until('switching').runFor(100);
    person(world, 'ben').away = false;
    world.runFor(8000);
    expect(world.plan.phase).toBe('switching');
    world.runFor(3000);
    expect(outcomeOf(world)).toMatchObject({ type: 'moved', stragglers: 5 });
  });

  it('because their node has no room for them is waited for and asked again', () => {
    const world = begun();
    Object.assign(world.targets.get('b') ?? {}, { hangs: false });
    world.until('preparing').runFor(2);
    Object.assign(world.targets.get('b') ?? {}, { hangs: true });
    world.runFor(4000);
    expect(world.plan.phase).toBe('switching');
    expect(world.countOf('open')).toBe(8);
    Object.assign(world.targets.get('b') ?? {}, { hangs: false });
    world.runFor(4000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('because one gateway of two is gone is waited for two seconds', () => {
    const world = upTo('switching', [], apart).runFor(100);
    world.breakLink('g2');
    world.runFor(1900);
    expect(world.plan.phase).toBe('switching');
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told).not.toContain('tell-commit b@4 g2');
  });

  it('and whose gateway comes back meanwhile goes on with the leg that is open already', () => {
    const world = upTo('switching', [], apart).runFor(100);
    world.breakLink('g2');
    world.runFor(100);
    world.mendLink('g2');
    world.runFor(3000);
    expect(world.countOf('open')).toBe(2);
    expect(outcomeOf(world)).toMatchObject(moved);
    expect(world.told).toContain('tell-commit b@4 g2');
  });

  it('because a gateway does not answer is as good as away', () => {
    const world = upTo('preparing', [smooth, silent], apart);
    world.runFor(settings.limitMs.open - 100);
    expect(world.plan.phase).toBe('switching');
    world.runFor(200);
    expect(world.plan.phase).toBe('finishing');
    expect(world.told).toContain('tell-commit b@4 g2');
  });

  it('because no gateway is connected: both legs stand, and the time does not count', () => {
    const world = begun();
    person(world, 'ada').willing = false;
    world.until('switching').runFor(50);
    world.breakLink('g1');
    world.runFor(30_000);
    expect(world.plan.phase).toBe('switching');
    world.mendLink('g1');
    world.runFor(9000);
    // Those who are back have the meeting's whole time again.
    expect(world.plan.phase).toBe('switching');
    world.runFor(2000);
    expect(outcomeOf(world)).toMatchObject({ type: 'moved' });
  });

  it('with the last gateway of all has longer: clients come back one by one', () => {
    const world = upTo('switching', [], apart).runFor(100);
    world.breakLink('g1');
    world.breakLink('g2');
    world.runFor(20_000);
    world.mendLink('g1');
    world.runFor(4800);
    expect(world.plan.phase).toBe('switching');
    world.mendLink('g2');
    world.runFor(3000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('ever again ends the wait at last, or at the deadline', () => {
    const end = (untilMs: number | undefined) => {
      const world = new HandoverWorld({ people: two, options: { untilMs } }).until('switching').runFor(50);
      world.breakLink('g1');
      world.runFor(settings.noGatewayMs + 10_000);
      expect(outcomeOf(world)).toMatchObject({ type: 'moved', stragglers: 2 });
      return took(world);
    };
    expect(end(undefined)).toBeGreaterThan(settings.noGatewayMs);
    expect(end(1_020_000)).toBeGreaterThanOrEqual(20_000);
    expect(end(1_020_000)).toBeLessThan(21_000);
  });

  it('after the commit is told when the gateway comes back in time', () => {
    const world = committing([smooth, silent, silent], apart).runFor(5);
    world.breakLink('g2');
    world.runFor(100);
    world.mendLink('g2');
    world.runFor(50);
    expect(world.told).toContain('tell-commit b@4 g2');
    world.runFor(6000);
    expect(outcomeOf(world)).toMatchObject(moved);
  });
});

describe('telling of a commit', () => {
  it('is tried again where it failed', () => {
    const world = committing([smooth, lostRequest]).runFor(3000);
    expect(world.countOf('tell-commit')).toBe(2);
    expect(world.told).toContain('tell-commit b@4 g1');
    expect(outcomeOf(world)).toMatchObject(moved);
  });

  it('ends after five seconds, whoever does not listen', () => {
    const world = committing([smooth, silent, smooth, silent, silent]).runFor(settings.finishMs + 2000);
    expect(outcomeOf(world)).toMatchObject(moved);
    const commitAtMs = world.requests.find(({ request }) => request.type === 'commit')?.atMs ?? 0;
    expect((world.doneAtMs ?? 0) - commitAtMs).toBe(settings.finishMs + 2);
  });

  it('reaches also a gateway that connects while the old legs are about to go', () => {
    const world = committing([], apart);
    world.runFor(100);
    expect(world.plan.phase).toBe('finishing');
    world.breakLink('g2');
    world.mendLink('g2');
    world.runFor(290);
    expect(world.plan.phase).toBe('finishing');
    world.runFor(1000);
    expect(world.told.filter((what) => what === 'tell-commit b@4 g2')).toHaveLength(2);
  });

  it('goes on when the meeting is closed here meanwhile', () => {
    const world = committing([smooth, { ...smooth, thereMs: 50 }]).runFor(5);
    world.closeMeeting();
    world.runFor(2000);
    expect(world.told).toEqual(['adopt b@4', 'tell-commit b@4 g1']);
    expect(outcomeOf(world)).toMatchObject(moved);
  });
});

describe('a deadline', () => {
  const run = (untilMs: number, force: boolean, ms = 10_000) => {
    const world = new HandoverWorld({ people: two, options: { untilMs: 1_000_000 + untilMs, force } });
    return world.runFor(ms);
  };

  it('that is past leaves the first legs time to be published on, and no more', () => {
    const world = run(-60_000, false);
    expect(outcomeOf(world)).toMatchObject({ type: 'moved' });
    for (const name of ['ada', 'ben']) expect(person(world, name).sends).toContain('b@4');
    expect(took(world)).toBeLessThan(600);
  });

  it('that is past does not wait for ever for somebody who does not publish', () => {
    const world = new HandoverWorld({ people: two, options: { untilMs: 0 } });
    person(world, 'ben').willing = false;
    world.runFor(settings.publishRoundMs - 100);
    expect(world.plan.phase).toBe('switching');
    world.runFor(1000);
    expect(outcomeOf(world)).toMatchObject({ type: 'moved', stragglers: 5 });
  });

  it('that is past does not cut off people whose gateway is gone for a moment', () => {
    const world = new HandoverWorld({
      people: two,
      options: { untilMs: 0 },
      fates: [{ ...smooth, thereMs: 50 }],
    });
    world.breakLink('g1');
    world.runFor(settings.publishRoundMs - 100);
    expect(world.plan.phase).toBe('switching');
    world.mendLink('g1');
    world.runFor(1000);
    for (const name of ['ada', 'ben']) expect(person(world, name).sends).toContain('b@4');
  });

  it('that is past and must be kept is kept', () => {
    const world = run(-60_000, true, 20);
    expect(world.plan.phase).toBe('finishing');
    const alone = new HandoverWorld({ people: two, options: { untilMs: 0, force: true } });
    alone.breakLink('g1');
    alone.runFor(20);
    expect(alone.plan.phase).toBe('finishing');
  });

  it('that comes before the meeting’s time is kept', () => {
    const world = new HandoverWorld({ people: two, options: { untilMs: 1_005_000 } });
    person(world, 'ben').willing = false;
    world.runFor(4900);
    expect(world.plan.phase).toBe('switching');
    world.runFor(200);
    expect(world.plan.phase).toBe('finishing');
  });
});

describe('a meeting that is closed here', () => {
  it.each(['reserving', 'preparing', 'switching', 'committing', 'aborting'] as const)(
    'while %s is gone, and nothing is undone',
    (phase) => {
      const slow = { ...smooth, thereMs: 50 };
      const world = new HandoverWorld({ people: two, fates: [slow, slow, smooth, slow] });
      if (phase === 'aborting') {
        world.until('switching').runFor(5);
        world.loseTarget('b');
      }
      world.until(phase);
      world.closeMeeting();
      expect(outcomeOf(world)).toEqual({ type: 'gone' });
      world.runFor(10_000);
      expect(world.told).toEqual([]);
    },
  );
});

it('a process that stops ends the attempt where it stands', () => {
  const world = upTo('switching', []).runFor(100);
  world.say({ type: 'stop' });
  expect(outcomeOf(world)).toMatchObject({
    type: 'failed',
    error: { code: 'CONNECTION_CLOSED' },
    target: undefined,
  });
  const before = world.requests.length;
  world.loseTarget('b');
  world.breakLink('g1');
  world.runFor(20_000);
  expect(world.requests).toHaveLength(before);
});

it('answers that nobody waits for, and second ones, change nothing', () => {
  const world = upTo('switching', []).runFor(100);
  const before = world.plan.phase;
  for (const id of [1, 2, 3, 99]) {
    world.say({ type: 'answered', id, answer: { type: 'done' } });
    world.say({ type: 'failed', id, error: new HoldfastError('EPOCH_STALE', 'late') });
  }
  expect(world.plan.phase).toBe(before);
  world.runFor(5000);
  expect(outcomeOf(world)).toMatchObject(moved);
});

it('says who and what is missing when time is over', () => {
  const world = new HandoverWorld({ people: { ...two, cleo: 'g2' } });
  person(world, 'ben').muted = true;
  world.look();
  person(world, 'ben').willing = false;
  person(world, 'cleo').away = true;
  world.until('committing');
  expect(whatIsMissing(world.plan)).toEqual([
    'cleo to come back',
    'ben to publish',
    "ben to switch ada's microphone",
    "ben to switch ada's camera",
  ]);
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, 'g1']));
  expect(whatIsMissing(new HandoverWorld({ people: many }).runFor(10).plan)).toHaveLength(20);
});
