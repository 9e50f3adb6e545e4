import {
  asked,
  opened,
  type People,
  type PersonSeen,
  reachable,
  refused,
  seen,
  toAsk,
} from '@holdfast/media-server/media-node/handover-people.ts';
import { describe, expect, it } from 'vitest';

const patience = { comeBackMs: 2000, comeBackTogetherMs: 5000 };
const ada = (link: string | undefined): PersonSeen => ({ participantId: 'ada', link, sending: ['camera'] });
const ben: PersonSeen = { participantId: 'ben', link: 'g2', sending: [] };
const news = (people: People, nowMs: number, ...now: PersonSeen[]) => seen(people, now, nowMs, patience);
const nobody: People = new Map();
const away = { code: 'CONNECTION_CLOSED', askAtMs: 1500, waitUntilMs: 3000 };

describe('people in a handover', () => {
  it('whose gateway is gone are not asked, and not waited for as if they could be told', () => {
    const people = news(nobody, 1000, ada(undefined), ben);
    expect(toAsk(people, 1000)).toEqual(new Map([['g2', ['ben']]]));
    expect([...reachable(people).keys()]).toEqual(['ben']);
  });

  it('are asked on the next connection, unless the leg is open already', () => {
    const onFirst = asked(news(nobody, 1000, ada('g1'), ben), ['ada', 'ben']);
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
    expect(refused(open, ['ada'], away)).toEqual(open);
  });

  it('are waited for from the first refusal on, and only if it says that they are away', () => {
    const people = news(nobody, 1000, ada('g1'));
    const first = refused(people, ['ada'], away);
    expect(first.get('ada')).toMatchObject({ secondLeg: 'none', askAtMs: 1500, waitUntilMs: 3000 });
    const second = refused(first, ['ada'], { ...away, waitUntilMs: 3500 });
    expect(second.get('ada')?.waitUntilMs).toBe(3000);
    expect(refused(people, ['ada'], { ...away, code: 'SESSION_UNKNOWN' }).get('ada')?.waitUntilMs).toBe(3000);
    expect(
      refused(people, ['ada'], { ...away, code: 'NODE_UNREACHABLE' }).get('ada')?.waitUntilMs,
    ).toBeUndefined();
  });

  it('that nobody knows are nobody', () => {
    expect(opened(nobody, ['eve']).size).toBe(0);
  });
});
