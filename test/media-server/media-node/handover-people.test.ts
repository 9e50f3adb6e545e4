import {
  asked,
  away,
  catchingUp,
  comingBack,
  leftOut,
  opened,
  type People,
  type PersonSeen,
  reachable,
  refused,
  seen,
  toAsk,
} from '@holdfast/media-server/media-node/handover-people.ts';
import { describe, expect, it } from 'vitest';

const patience = { comeBackMs: 2000, catchUpMs: 500, comeBackTogetherMs: 5000 };
const ada = (link: string | undefined): PersonSeen => ({
  participantId: 'ada',
  link,
  sending: ['camera'],
  flows: true,
});
const ben: PersonSeen = { participantId: 'ben', link: 'g2', sending: [], flows: true };
const news = (people: People, nowMs: number, ...now: PersonSeen[]) => seen(people, now, nowMs, patience);
const nobody: People = new Map();
const notThere = { code: 'CONNECTION_CLOSED', askAtMs: 1500 };
const goesAway = (people: People, nowMs: number) =>
  away(people, 'ada', { nowMs, askAtMs: nowMs + 500 }, patience);
const refusedAt = (people: People, nowMs: number, why = notThere) =>
  refused(people, ['ada'], why, nowMs, patience);

describe('people in a handover', () => {
  it('whose gateway is gone are not asked, and not waited for as if they could be told', () => {
    const people = news(nobody, 1000, ada(undefined), ben);
    expect(toAsk(people, 1000)).toEqual(new Map([['g2', ['ben']]]));
    expect([...reachable(people, 1000).keys()]).toEqual(['ben']);
  });

  it('are asked on the next connection, unless the leg is open already', () => {
    const onFirst = asked(news(nobody, 1000, ada('g1'), ben), ['ada', 'ben'], 1000);
    expect(toAsk(onFirst, 1000).size).toBe(0);
    const same = news(onFirst, 1100, ada('g1'), ben);
    expect(same.get('ada')?.secondLeg).toBe('asked');
    expect(toAsk(news(onFirst, 1100, ada('g3'), ben), 1100)).toEqual(new Map([['g3', ['ada']]]));
    const open = opened(onFirst, ['ada']);
    expect(toAsk(news(open, 1100, ada('g3'), ben), 1100).size).toBe(0);
  });

  it('that report while their gateway is gone still cannot be told', () => {
    const gone = news(news(nobody, 1000, ada('g1'), ben), 1100, ada(undefined), ben);
    expect(opened(gone, ['ada']).get('ada')).toMatchObject({ secondLeg: 'open', waitUntilMs: 3100 });
    expect(news(gone, 2000, ada(undefined), ben).get('ada')?.waitUntilMs).toBe(3100);
  });

  it('that have the leg by another way are not taken for away by a late refusal', () => {
    const open = opened(news(nobody, 1000, ada('g1')), ['ada']);
    expect(refusedAt(open, 1400)).toEqual(open);
  });

  it('are waited for from the first question on, not from its answer, and only if that says that they are away', () => {
    const people = asked(news(nobody, 1000, ada('g1')), ['ada'], 1000);
    const first = refusedAt(people, 1400);
    expect(first.get('ada')).toMatchObject({ secondLeg: 'none', askAtMs: 1500, waitUntilMs: 3000 });
    const second = refusedAt(asked(first, ['ada'], 1500), 1900);
    expect(second.get('ada')?.waitUntilMs).toBe(3000);
    expect(refusedAt(people, 1400, { ...notThere, code: 'SESSION_UNKNOWN' }).get('ada')?.waitUntilMs).toBe(
      3000,
    );
    expect(
      refusedAt(people, 1400, { ...notThere, code: 'NODE_UNREACHABLE' }).get('ada')?.waitUntilMs,
    ).toBeUndefined();
  });

  it('on another connection are asked anew, and waited for from that question on', () => {
    const first = asked(news(nobody, 1000, ada('g1')), ['ada'], 1000);
    const second = asked(news(first, 1800, ada('g3')), ['ada'], 1900);
    expect(refusedAt(second, 2000).get('ada')?.waitUntilMs).toBe(3900);
  });

  it('that were refused once and answer then were only slow: they are waited for like everybody', () => {
    const slow = opened(refusedAt(asked(news(nobody, 1000, ada('g1'), ben), ['ada'], 1000), 1400), ['ada']);
    expect(reachable(slow, 9000).has('ada')).toBe(true);
    expect(catchingUp(slow, 2000)).toEqual([]);
    expect(leftOut(slow, 9000)).toEqual([]);
  });

  it('that were refused twice and are back have half a second to catch up, and then hold up nobody', () => {
    const twice = refusedAt(refusedAt(asked(news(nobody, 1000, ada('g1'), ben), ['ada'], 1000), 1400), 2300);
    expect(leftOut(twice, 2999)).toEqual([]);
    expect(leftOut(twice, 3000)).toEqual(['ada']);
    const back = opened(twice, ['ada']);
    expect(catchingUp(back, 2400)).toEqual([3500]);
    expect([...reachable(back, 3499).keys()]).toEqual(['ada', 'ben']);
    expect([...reachable(back, 3500).keys()]).toEqual(['ben']);
    expect(leftOut(back, 3499)).toEqual([]);
    expect(leftOut(back, 3500)).toEqual(['ada']);
    expect(catchingUp(back, 3500)).toEqual([]);
    // A third refusal, or another connection, does not begin the time anew.
    expect(news(refusedAt(twice, 2900), 3000, ada('g3'), ben).get('ada')?.catchUpUntilMs).toBe(3500);
  });

  it('whose gateway is gone have that half second too, unless all gateways are: then nobody is held up', () => {
    const two = news(nobody, 1000, ada('g1'), ben);
    const one = news(two, 1100, ada(undefined), ben);
    expect(one.get('ada')).toMatchObject({ waitUntilMs: 3100, catchUpUntilMs: 3600 });
    expect(news(one, 1200, ada('g3'), ben).get('ada')).toMatchObject({
      waitUntilMs: undefined,
      catchUpUntilMs: 3600,
    });
    const none = news(
      news(two, 1100, ada(undefined), { ...ben, link: undefined }),
      1200,
      ada(undefined),
      ben,
    );
    expect(news(none, 1300, ada('g3'), ben).get('ada')?.catchUpUntilMs).toBeUndefined();
  });

  it('that go away with the second leg are asked for again, and waited for half a second at least', () => {
    const open = opened(asked(news(nobody, 1000, ada('g1'), ben), ['ada'], 1000), ['ada']);
    const early = goesAway(open, 1200);
    expect(early.get('ada')).toMatchObject({ secondLeg: 'none', waitUntilMs: 3000, catchUpUntilMs: 3500 });
    expect([...reachable(early, 1200).keys()]).toEqual(['ben']);
    expect(toAsk(early, 1699).has('g1')).toBe(false);
    expect(toAsk(early, 1700).get('g1')).toEqual(['ada']);
    expect(goesAway(open, 2900).get('ada')).toMatchObject({ waitUntilMs: 3400, catchUpUntilMs: 3900 });
    // Who goes again and again does not put off the end.
    const again = goesAway(opened(early, ['ada']), 3300);
    expect(again.get('ada')).toMatchObject({ waitUntilMs: 3500, catchUpUntilMs: 3500 });
    expect([...reachable(opened(again, ['ada']), 3500).keys()]).toEqual(['ben']);
  });

  it('without media on the old leg lose nothing by a move: they are asked, and not waited for until media flows', () => {
    const cut = { ...ada('g1'), flows: false };
    const people = news(nobody, 1000, cut, ben);
    expect(toAsk(people, 1000).get('g1')).toEqual(['ada']);
    expect([...reachable(people, 1000).keys()]).toEqual(['ben']);
    expect(comingBack(refusedAt(people, 1000), 1100)).toEqual([]);
    const flowing = news(people, 1100, ada('g1'), ben);
    expect([...reachable(flowing, 1100).keys()]).toEqual(['ada', 'ben']);
    expect(comingBack(refusedAt(flowing, 1200), 1300)).toEqual([3200]);
  });

  it('that nobody knows are nobody', () => {
    expect(goesAway(nobody, 1000).size).toBe(0);
    expect(opened(nobody, ['eve']).size).toBe(0);
  });
});
