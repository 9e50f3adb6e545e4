import {
  emptyTally,
  expecting,
  type HandoverTally,
  missing,
  published,
  switched,
} from '@holdfast/media-server/media-node/handover-tally.ts';
import type { MediaSource } from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type People = Record<string, readonly MediaSource[]>;
type Step = (tally: HandoverTally) => HandoverTally;

const both = ['microphone', 'camera'] as const;
const meeting =
  (people: People): Step =>
  (tally) =>
    expecting(tally, new Map(Object.entries(people)));
const after = (...steps: readonly Step[]) => steps.reduce((tally, step) => step(tally), emptyTally);
const open = ({ unpublished, unswitched }: HandoverTally) => ({ unpublished, unswitched });
const done = { unpublished: 0, unswitched: 0 };

/** Everybody publishes and takes every stream of everybody else. */
function switchAll(people: People): Step[] {
  return Object.keys(people).flatMap((to) => [
    (tally: HandoverTally) => published(tally, to),
    ...Object.entries(people)
      .filter(([from]) => from !== to)
      .flatMap(([from, sources]) =>
        sources.map((source) => (tally: HandoverTally) => switched(tally, to, from, source)),
      ),
  ]);
}

describe('a handover may be committed', () => {
  it('when everybody has published and switched every stream', () => {
    const people = { ada: both, ben: both, cleo: both };
    expect(open(after(meeting(people)))).toEqual({ unpublished: 3, unswitched: 12 });
    expect(open(after(meeting(people), ...switchAll(people)))).toEqual(done);
  });

  it('not while one stream still comes from the old node', () => {
    const people = { ada: both, ben: both };
    const steps = switchAll(people).filter((_, index) => index !== 4);
    const tally = after(meeting(people), ...steps);
    expect(open(tally)).toEqual({ unpublished: 0, unswitched: 1 });
    expect(missing(tally, 9)).toEqual(["ben to switch ada's microphone"]);
  });

  it('without waiting for a source that is muted meanwhile, but for one that is unmuted', () => {
    const people: People = { ada: both, ben: ['microphone'] };
    const tally = after(meeting(people), ...switchAll({ ada: ['camera'], ben: [] }));
    expect(open(tally)).toEqual({ unpublished: 0, unswitched: 2 });
    expect(open(meeting({ ada: ['camera'], ben: [] })(tally))).toEqual(done);
    expect(open(meeting({ ada: ['camera', 'screen'], ben: [] })(tally))).toEqual({ ...done, unswitched: 1 });
  });

  it('without somebody who has left', () => {
    const tally = after(
      meeting({ ada: both, ben: both, cleo: both }),
      ...switchAll({ ada: both, ben: both }),
    );
    expect(open(tally)).toEqual({ unpublished: 1, unswitched: 8 });
    expect(open(meeting({ ada: both, ben: both })(tally))).toEqual(done);
  });

  it('with somebody alone only once he has published: his leg must stand', () => {
    const alone = after(meeting({ ada: both }));
    expect(missing(alone, 9)).toEqual(['ada to publish']);
    expect(open(published(alone, 'ada'))).toEqual(done);
  });
});

it('a report that comes twice counts once', () => {
  const people = { ada: both, ben: both };
  const steps = switchAll(people).slice(0, -1);
  expect(open(after(meeting(people), ...steps, ...steps))).toEqual({ unpublished: 0, unswitched: 1 });
});

it('a report about oneself, or of whom nobody waits for, counts nothing', () => {
  const tally = after(meeting({ ada: both, ben: both }));
  const odd = [
    switched(tally, 'ada', 'ada', 'camera'),
    switched(tally, 'eve', 'ada', 'camera'),
    published(tally, 'eve'),
  ];
  for (const one of odd) expect(open(one)).toEqual(open(tally));
  expect(open(switched(tally, 'ada', 'ben', 'screen'))).toEqual(open(tally));
});

it('the log names a few of what is missing, not every pair of a large meeting', () => {
  const people = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, both]));
  expect(missing(after(meeting(people)), 20)).toHaveLength(20);
});

const names = ['a', 'b', 'c', 'd'];
const someSources = fc.subarray<MediaSource>(['microphone', 'camera', 'screen']);
const somePeople = fc.dictionary(fc.constantFrom(...names), someSources);
const report: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(...names).map((name) => (tally: HandoverTally) => published(tally, name)),
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom(...names),
      fc.constantFrom<MediaSource>('microphone', 'camera', 'screen'),
    )
    .map(
      ([to, from, source]) =>
        (tally: HandoverTally) =>
          switched(tally, to, from, source),
    ),
);

/** The same, counted anew from nothing. */
function counted({ expected, published: who, switched: streams }: HandoverTally) {
  let unpublished = 0;
  let unswitched = 0;
  for (const to of expected.keys()) {
    if (!who.has(to)) unpublished += 1;
    for (const [from, sources] of expected) {
      if (from === to) continue;
      unswitched += sources.filter((source) => !streams.get(to)?.has(`${source} ${from}`)).length;
    }
  }
  return { unpublished, unswitched };
}

it('counts right whatever comes in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(report, somePeople.map(meeting)), { maxLength: 40 }), (steps) => {
      const tally = after(...steps);
      expect(open(tally)).toEqual(counted(tally));
      expect(missing(tally, 1000)).toHaveLength(tally.unpublished + tally.unswitched);
    }),
  );
});

it('does not depend on the order in which reports and news of the meeting come', () => {
  fc.assert(
    fc.property(fc.array(report, { maxLength: 20 }), somePeople, fc.nat(20), (reports, people, at) => {
      const inOrder = after(...reports, meeting(people));
      const mixed = after(...reports.slice(0, at).reverse(), meeting(people), ...reports.slice(at).reverse());
      expect(open(mixed)).toEqual(open(inOrder));
    }),
  );
});
