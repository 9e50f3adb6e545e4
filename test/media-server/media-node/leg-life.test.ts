import {
  type LegEvent,
  type LegLife,
  mediaFlows,
  newLegLife,
  nextLegLife,
} from '@holdfast/media-server/media-node/leg-life.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** A leg, and the time that passes over it in steps as the node's own. */
class Life {
  leg: LegLife = newLegLife(0);
  nowMs = 0;
  resumeMs = 30_000;

  say(...events: LegEvent[]): this {
    for (const event of events) this.leg = nextLegLife(this.leg, event, this.nowMs);
    return this;
  }

  pass(ms: number): this {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 500;
      this.say({ type: 'tick', resumeMs: this.resumeMs });
    }
    return this;
  }

  get state(): LegLife['state'] {
    return this.leg.state;
  }
}

const attached: LegEvent = { type: 'attached' };
const detached: LegEvent = { type: 'detached' };
const ready: LegEvent = { type: 'ready' };
const wanted: LegEvent = { type: 'wanted' };
const path = (which: 'send' | 'recv', state: 'connected' | 'interrupted' | 'failed'): LegEvent => ({
  type: 'path',
  path: which,
  state,
});
const flowing = () =>
  new Life().say(attached, ready, wanted, path('send', 'connected'), path('recv', 'connected'));
const HOUR = 3_600_000;

describe('a leg', () => {
  it('lives as long as its media flow, also when nobody speaks for it', () => {
    const life = flowing().say(detached).pass(HOUR);
    expect(life.state).toBe('flowing');
    expect(mediaFlows(life.leg)).toBe(true);
  });

  it('lives without media as long as somebody speaks for it: a person alone who sends nothing', () => {
    const life = new Life().say(attached, ready).pass(HOUR);
    expect(life.state).toBe('idle');
    expect(mediaFlows(life.leg)).toBe(false);
    expect(life.say(detached).pass(34_000).state).toBe('idle');
    expect(life.say(attached).pass(HOUR).state).toBe('idle');
    expect(life.say(detached).pass(35_000).state).toBe('over');
  });

  it('waits as long for a word as the control plane says that a participant may come back', () => {
    const life = new Life();
    life.resumeMs = 60_000;
    life.say(attached, ready, detached);
    expect(life.pass(64_000).state).toBe('idle');
    expect(life.pass(1000).state).toBe('over');
  });

  it('breaks at once when a transport fails or says goodbye, and ends although its gateway lives', () => {
    const life = flowing().say(path('recv', 'failed'));
    expect(life.state).toBe('broken');
    expect(mediaFlows(life.leg)).toBe(false);
    expect(life.pass(9_500).state).toBe('broken');
    expect(life.pass(500).state).toBe('over');
  });

  it('breaks when ICE consent does not come back within seconds', () => {
    const life = flowing().say(path('send', 'interrupted')).pass(4_500);
    expect(life.state).toBe('interrupted');
    expect(mediaFlows(life.leg)).toBe(true);
    expect(life.pass(500).state).toBe('broken');
  });

  it('goes on when ICE consent comes back', () => {
    const life = flowing()
      .say(path('send', 'interrupted'))
      .pass(4_000)
      .say(path('send', 'connected'))
      .pass(HOUR);
    expect(life.state).toBe('flowing');
  });

  it('is not given more time by the second transport that is interrupted', () => {
    const life = flowing()
      .say(path('send', 'interrupted'))
      .pass(4_500)
      .say(path('recv', 'interrupted'))
      .pass(500);
    expect(life.state).toBe('broken');
  });

  it('that nobody speaks for ends within seconds of its ICE consent', () => {
    const life = flowing()
      .say(detached, path('send', 'interrupted'), path('recv', 'interrupted'))
      .pass(15_000);
    expect(life.state).toBe('over');
  });

  it('breaks when its client has never answered, or has never connected', () => {
    expect(new Life().say(attached).pass(19_500).state).toBe('announced');
    expect(new Life().say(attached).pass(20_000).state).toBe('broken');
    const connecting = new Life().say(attached, ready).pass(HOUR).say(wanted);
    expect(connecting.pass(19_500).state).toBe('connecting');
    expect(connecting.pass(500).state).toBe('broken');
  });

  it('needs only one transport: who has nothing to receive lives by what they send', () => {
    const life = new Life().say(attached, ready, wanted, path('send', 'connected'), detached).pass(HOUR);
    expect(life.state).toBe('flowing');
  });

  it('stays broken: its participant was told to take another one', () => {
    const life = flowing()
      .say(path('send', 'interrupted'))
      .pass(5_000)
      .say(path('send', 'connected'), ready, wanted);
    expect(life.state).toBe('broken');
  });

  it('always ends within 35 s after media and gateway are both gone, whatever came before', () => {
    const event = fc.oneof(
      fc.constantFrom(attached, detached, ready, wanted),
      fc
        .tuple(
          fc.constantFrom<'send' | 'recv'>('send', 'recv'),
          fc.constantFrom<'connected' | 'interrupted' | 'failed'>('connected', 'interrupted', 'failed'),
        )
        .map(([which, state]) => path(which, state)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 30 }))), (history) => {
        const life = new Life();
        for (const [one, halfSeconds] of history) life.say(one).pass(halfSeconds * 500);
        life.say(detached);
        for (const which of ['send', 'recv'] as const) {
          if (life.leg.paths[which] === 'connected') life.say(path(which, 'interrupted'));
        }
        expect(life.pass(35_000).state).toBe('over');
      }),
    );
  });
});
