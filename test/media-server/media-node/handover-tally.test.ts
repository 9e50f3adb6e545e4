import { HandoverTally, type TallyParticipant } from '@holdfast/media-server/media-node/handover-tally.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const person = (participantId: string, more: Partial<TallyParticipant> = {}): TallyParticipant => ({
  participantId,
  reachable: true,
  sending: ['microphone', 'camera'],
  ...more,
});

function switchAll(tally: HandoverTally, people: readonly TallyParticipant[]): void {
  for (const to of people) {
    tally.published(to.participantId);
    for (const from of people) {
      if (from !== to)
        for (const source of from.sending) tally.switched(to.participantId, from.participantId, source);
    }
  }
}

describe('a handover may be committed', () => {
  it('when everybody has published and switched every stream', () => {
    const people = [person('ada'), person('ben'), person('cleo')];
    const tally = new HandoverTally();
    switchAll(tally, people);
    expect(tally.missing(people)).toEqual([]);
  });

  it('not while one stream still comes from the old node', () => {
    const people = [person('ada'), person('ben')];
    const tally = new HandoverTally();
    for (const name of ['ada', 'ben']) tally.published(name);
    tally.switched('ada', 'ben', 'camera');
    tally.switched('ada', 'ben', 'microphone');
    tally.switched('ben', 'ada', 'camera');
    expect(tally.missing(people)).toEqual(["ben to switch ada's microphone"]);
  });

  it('without waiting for a source that was muted or ended in the meantime', () => {
    const tally = new HandoverTally();
    const people = [person('ada', { sending: ['camera'] }), person('ben', { sending: [] })];
    switchAll(tally, people);
    expect(tally.missing(people)).toEqual([]);
  });

  it('without somebody who has left', () => {
    const tally = new HandoverTally();
    switchAll(tally, [person('ada'), person('ben')]);
    expect(tally.missing([person('ada'), person('ben'), person('cleo')])).not.toEqual([]);
    expect(tally.missing([person('ada'), person('ben')])).toEqual([]);
  });

  it('with somebody alone only once he has published: his leg must stand', () => {
    const tally = new HandoverTally();
    expect(tally.missing([person('ada')])).toEqual(['ada to publish']);
    tally.published('ada');
    expect(tally.missing([person('ada')])).toEqual([]);
  });

  it('not while somebody cannot be told: his gateway is gone, and he will resume', () => {
    const tally = new HandoverTally();
    const people = [person('ada'), person('ben'), person('gone', { reachable: false })];
    switchAll(tally, people.slice(0, 2));
    expect(tally.missing(people)).toEqual(['gone to come back']);
  });

  it('not when all connections have broken at once: that nobody is left to ask is no consent', () => {
    const people = [person('ada', { reachable: false }), person('ben', { reachable: false })];
    expect(new HandoverTally().missing(people)).toHaveLength(2);
  });
});

it('never says ready while a reachable pair is still on the old node', () => {
  const sources = fc.subarray(['microphone', 'camera', 'screen'] as const);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ participantId: fc.constantFrom('a', 'b', 'c', 'd'), sending: sources }), {
        minLength: 2,
        selector: ({ participantId }) => participantId,
      }),
      fc.nat(),
      (raw, pick) => {
        const people = raw.map((one) => ({ ...one, reachable: true }));
        const pairs = people.flatMap((to) =>
          people
            .filter((from) => from !== to)
            .flatMap((from) => from.sending.map((source) => ({ to, from, source }))),
        );
        fc.pre(pairs.length > 0);
        const leftOut = pairs[pick % pairs.length];
        const tally = new HandoverTally();
        for (const { participantId } of people) tally.published(participantId);
        for (const pair of pairs) {
          if (pair !== leftOut) tally.switched(pair.to.participantId, pair.from.participantId, pair.source);
        }
        expect(tally.missing(people)).toHaveLength(1);
      },
    ),
  );
});
