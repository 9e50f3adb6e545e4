import {
  newStream,
  type StreamEvent,
  type StreamState,
  type SwitchEffect,
  transition,
} from '@holdfast/media-server/client/switching.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Reason = 'join' | 'handover' | 'recovery';

/** Legs are named by letters; `a` is the one of the join. A leg's offer has the consumer id `<leg>1`. */
const isFirst = (legId: string) => legId === 'a';
const offered = (
  legId: string,
  reason: Reason,
  options: { paused?: boolean; id?: string } = {},
): StreamEvent => ({
  type: 'offered',
  offer: {
    consumerId: options.id ?? `${legId}1`,
    legId,
    rank: legId.charCodeAt(0),
    paused: options.paused ?? false,
  },
  reason,
});
const ready = (consumerId: string): StreamEvent => ({ type: 'ready', consumerId });
const muted = (consumerId: string, paused: boolean): StreamEvent => ({ type: 'muted', consumerId, paused });
const closed = (legId: string): StreamEvent => ({ type: 'leg-closed', legId });
const withdrawn = (consumerId: string): StreamEvent => ({ type: 'withdrawn', consumerId });

function run(...events: readonly StreamEvent[]): {
  state: StreamState;
  effects: SwitchEffect[];
  last: readonly SwitchEffect[];
} {
  let state = newStream({ participantId: 'bob', source: 'camera' });
  const effects: SwitchEffect[] = [];
  let last: readonly SwitchEffect[] = [];
  for (const event of events) {
    const next = transition(state, event, isFirst);
    state = next.state;
    last = next.effects;
    effects.push(...last);
  }
  return { state, effects, last };
}

const joined = [offered('a', 'join'), ready('a1')] as const;

it('a stream that nobody has offered yet is neither fed nor active, and no leg has been reported', () => {
  expect(run().state).toEqual({
    id: { participantId: 'bob', source: 'camera' },
    offers: [],
    feed: undefined,
    reportedLegs: [],
    active: false,
  });
});

describe('on the first leg', () => {
  it('the only offer is shown at once and never reported', () => {
    const { state, effects } = run(...joined);
    expect(state.feed).toBe('a1');
    expect(effects).toEqual([
      { type: 'prepare', consumerId: 'a1', criterion: 'first-frame' },
      { type: 'select', consumerId: 'a1' },
    ]);
  });

  it('a stream that its sender stops is gone', () => {
    expect(run(...joined, withdrawn('a1')).last).toEqual([
      { type: 'drop', consumerId: 'a1' },
      { type: 'ended' },
    ]);
  });
});

describe('in a handover', () => {
  it('the new leg is prepared beside the old one and must be steady', () => {
    const { state, last } = run(...joined, offered('b', 'handover'));
    expect(state.feed).toBe('a1');
    expect(last).toEqual([{ type: 'prepare', consumerId: 'b1', criterion: 'steady' }]);
  });

  it('it takes over when it is ready, and is reported', () => {
    expect(run(...joined, offered('b', 'handover'), ready('b1')).last).toEqual([
      { type: 'select', consumerId: 'b1' },
      { type: 'report', legId: 'b', consumerId: 'b1', muted: false },
    ]);
  });

  it('the old leg closes without any effect on what is seen', () => {
    const { last } = run(...joined, offered('b', 'handover'), ready('b1'), closed('a'));
    expect(last).toEqual([{ type: 'drop', consumerId: 'a1' }]);
  });

  it('a muted stream switches at once', () => {
    const { last } = run(offered('a', 'join', { paused: true }), offered('b', 'handover', { paused: true }));
    expect(last).toEqual([
      { type: 'prepare', consumerId: 'b1', criterion: 'steady' },
      { type: 'select', consumerId: 'b1' },
      { type: 'report', legId: 'b', consumerId: 'b1', muted: true },
    ]);
  });

  it('a stream that is muted meanwhile switches when both legs know it', () => {
    const once = run(...joined, offered('b', 'handover'), muted('b1', true));
    expect(once.state.feed).toBe('a1');
    const both = run(...joined, offered('b', 'handover'), muted('b1', true), muted('a1', true));
    expect(both.last).toContainEqual({ type: 'report', legId: 'b', consumerId: 'b1', muted: true });
  });

  it('an abort brings back the old leg at once', () => {
    const { state, last } = run(...joined, offered('b', 'handover'), ready('b1'), closed('b'));
    expect(state.feed).toBe('a1');
    expect(last).toEqual([
      { type: 'select', consumerId: 'a1' },
      { type: 'drop', consumerId: 'b1' },
    ]);
  });

  it('the next attempt after an abort is reported for itself', () => {
    const { last } = run(
      ...joined,
      offered('b', 'handover'),
      ready('b1'),
      closed('b'),
      offered('c', 'handover'),
      ready('c1'),
    );
    expect(last).toContainEqual({ type: 'report', legId: 'c', consumerId: 'c1', muted: false });
  });

  it('a newcomer who is on the new leg only is shown there and reported with the first picture', () => {
    const shown = run(offered('b', 'handover'));
    expect(shown.last).toContainEqual({ type: 'select', consumerId: 'b1' });
    expect(run(offered('b', 'handover'), ready('b1')).last).toEqual([
      { type: 'report', legId: 'b', consumerId: 'b1', muted: false },
    ]);
  });

  it('an older leg that becomes ready late takes nothing back', () => {
    const { state, last } = run(
      ...joined,
      offered('b', 'handover'),
      offered('c', 'handover'),
      ready('c1'),
      ready('b1'),
    );
    expect(state.feed).toBe('c1');
    expect(last).toEqual([]);
  });
});

describe('an offer', () => {
  it('that comes twice is prepared once', () => {
    const { state, last } = run(...joined, offered('a', 'join'));
    expect(last).toEqual([]);
    expect(state.offers).toHaveLength(1);
  });

  it('that is withdrawn takes no other with it, and the stream goes on', () => {
    const { state, last } = run(...joined, offered('b', 'handover'), ready('b1'), withdrawn('b1'));
    expect(state.offers.map(({ consumerId }) => consumerId)).toEqual(['a1']);
    expect(last).toEqual([
      { type: 'select', consumerId: 'a1' },
      { type: 'drop', consumerId: 'b1' },
    ]);
  });

  it('that is not there can be withdrawn, and its leg closed, without any effect', () => {
    expect(run(...joined, closed('a'), withdrawn('a1')).last).toEqual([]);
    expect(run(...joined, closed('b')).last).toEqual([]);
  });

  it('that is muted has no effect on the only leg, except that the stream is not active', () => {
    const { state, last } = run(...joined, muted('a1', true));
    expect(last).toEqual([]);
    expect(state.active).toBe(false);
  });
});

describe('what takes the place of a feed that goes', () => {
  const nextFeed = (...events: readonly StreamEvent[]) => run(...joined, ...events).state.feed;

  it('is the newest, when none is ready', () => {
    expect(nextFeed(offered('b', 'handover'), offered('c', 'handover'), closed('a'))).toBe('c1');
    expect(nextFeed(offered('c', 'handover'), offered('b', 'handover'), closed('a'))).toBe('c1');
  });

  it('is one that is ready, though a newer one is on its way', () => {
    expect(nextFeed(offered('b', 'handover'), ready('b1'), offered('c', 'handover'), closed('b'))).toBe('a1');
  });

  it('is one that sends rather than a muted one, and rather one that is ready than one that sends', () => {
    expect(nextFeed(offered('b', 'handover'), offered('c', 'handover', { paused: true }), closed('a'))).toBe(
      'b1',
    );
    expect(
      nextFeed(
        offered('b', 'handover'),
        offered('c', 'handover', { paused: true }),
        ready('c1'),
        closed('a'),
      ),
    ).toBe('c1');
  });
});

describe('who takes over a feed that stays', () => {
  it('is the newest of those that may', () => {
    const { last } = run(
      ...joined,
      offered('b', 'handover', { paused: true }),
      offered('c', 'handover', { paused: true }),
      muted('a1', true),
    );
    expect(last).toContainEqual({ type: 'select', consumerId: 'c1' });
  });

  it('is never an older leg, though it is ready and the newer one is not', () => {
    const { state } = run(offered('c', 'handover'), offered('b', 'handover'), ready('b1'));
    expect(state.feed).toBe('c1');
  });

  it('is not the leg that was left, when the stream is muted on the new leg first', () => {
    const { state, last } = run(...joined, offered('b', 'handover'), ready('b1'), muted('b1', true));
    expect(state.feed).toBe('b1');
    expect(last).toEqual([]);
  });
});

describe('in a recovery', () => {
  it('the picture is not awaited to be steady', () => {
    expect(run(...joined, offered('b', 'recovery')).last).toEqual([
      { type: 'prepare', consumerId: 'b1', criterion: 'first-frame' },
    ]);
  });

  it('a lost leg is no end of the stream: it is awaited', () => {
    const { state, last } = run(...joined, closed('a'));
    expect(last).toEqual([{ type: 'drop', consumerId: 'a1' }]);
    expect(state).toMatchObject({ feed: undefined, offers: [], active: true });
  });

  it('the new leg is selected at once when nothing else is there, and reported when it shows something', () => {
    const { state, last } = run(...joined, closed('a'), offered('b', 'recovery'));
    expect(state.feed).toBe('b1');
    expect(last.map(({ type }) => type)).toEqual(['prepare', 'select']);
    expect(run(...joined, closed('a'), offered('b', 'recovery'), ready('b1')).last).toEqual([
      { type: 'report', legId: 'b', consumerId: 'b1', muted: false },
    ]);
  });
});

describe('whatever the order of events', () => {
  const legs = ['a', 'b', 'c', 'd'] as const;
  const reasons: Record<(typeof legs)[number], Reason> = {
    a: 'join',
    b: 'handover',
    c: 'handover',
    d: 'recovery',
  };
  const event = fc.oneof(
    fc
      .record({ leg: fc.constantFrom(...legs), paused: fc.boolean(), nth: fc.constantFrom('1', '2') })
      .map(({ leg, paused, nth }) => offered(leg, reasons[leg], { paused, id: `${leg}${nth}` })),
    fc.constantFrom(...legs.flatMap((leg) => [`${leg}1`, `${leg}2`])).map(ready),
    fc
      .record({ id: fc.constantFrom(...legs.map((leg) => `${leg}1`)), paused: fc.boolean() })
      .map((x) => muted(x.id, x.paused)),
    fc.constantFrom(...legs.map((leg) => `${leg}1`)).map(withdrawn),
    fc.constantFrom(...legs).map(closed),
  );

  /** Plays the effects the way players do. */
  function play(events: readonly StreamEvent[], check: (world: World, state: StreamState) => void): void {
    let state = newStream({ participantId: 'bob', source: 'microphone' });
    const world: World = { playing: new Set(), audible: undefined, reports: [] };
    for (const next of events) {
      const result = transition(state, next, isFirst);
      state = result.state;
      for (const effect of result.effects) carryOut(world, effect);
      check(world, state);
    }
  }
  interface World {
    readonly playing: Set<string>;
    audible: string | undefined;
    readonly reports: string[];
  }
  function carryOut(world: World, effect: SwitchEffect): void {
    if (effect.type === 'prepare') world.playing.add(effect.consumerId);
    if (effect.type === 'select') {
      expect(world.playing, 'only what plays can be selected').toContain(effect.consumerId);
      world.audible = effect.consumerId;
    }
    if (effect.type === 'drop') {
      world.playing.delete(effect.consumerId);
      if (world.audible === effect.consumerId) world.audible = undefined;
    }
    if (effect.type === 'report') {
      expect(world.audible, 'only what is heard is reported').toBe(effect.consumerId);
      world.reports.push(effect.legId);
    }
  }
  const always = (check: (world: World, state: StreamState) => void) =>
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => play(events, check)),
      { numRuns: 500 },
    );

  it('a stream has a feed while any leg offers it, and it is one that plays', () => {
    always((world, state) => {
      expect(world.playing).toEqual(new Set(state.offers.map(({ consumerId }) => consumerId)));
      expect(world.audible).toBe(state.feed);
      expect(state.feed !== undefined).toBe(state.offers.length > 0);
    });
  });

  it('no leg is reported twice, and the first never', () => {
    always((world) => {
      expect(new Set(world.reports).size).toBe(world.reports.length);
      expect(world.reports).not.toContain('a');
    });
  });

  it('the newest offer is the feed once it is ready', () => {
    always((_world, state) => {
      const newest = state.offers.toSorted((x, y) => y.rank - x.rank)[0];
      if (newest?.status !== 'ready' || newest.paused) return;
      const feed = state.offers.find(({ consumerId }) => consumerId === state.feed);
      expect(feed?.rank).toBe(newest.rank);
    });
  });

  it('a feed of a later leg that shows something has been reported', () => {
    always((world, state) => {
      const feed = state.offers.find(({ consumerId }) => consumerId === state.feed);
      if (feed && feed.legId !== 'a' && (feed.status === 'ready' || feed.paused)) {
        expect(world.reports).toContain(feed.legId);
      }
    });
  });
});
