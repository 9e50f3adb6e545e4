import {
  doubted,
  type Finding,
  heard,
  type Liveness,
  look,
  watched,
} from '@holdfast/media-server/client/liveness.ts';
import { describe, expect, it } from 'vitest';

/** Looks whenever a look is due (or so much later), until `untilMs`; says what was found, and when. */
function watch(start: Liveness, untilMs: number, options: { lateMs?: number; answerAfterMs?: number } = {}) {
  const findings: { atMs: number; finding: Exclude<Finding, 'alive'> }[] = [];
  let state = start;
  for (;;) {
    const atMs = state.lookAtMs + (options.lateMs ?? 0);
    if (atMs > untilMs) return { findings, state };
    const looked = look(state, atMs);
    state = looked.state;
    if (looked.finding !== 'alive') findings.push({ atMs, finding: looked.finding });
    if (looked.finding === 'ask' && options.answerAfterMs !== undefined) {
      state = heard(state, atMs + options.answerAfterMs);
    }
  }
}

describe('a WebSocket on which nothing is heard', () => {
  it('is asked after 2 s and taken for dead 3 s later', () => {
    expect(watch(watched(0), 5_000).findings).toEqual([
      { atMs: 2_000, finding: 'ask' },
      { atMs: 5_000, finding: 'dead' },
    ]);
  });

  it('stays dead until something is heard', () => {
    const { state, findings } = watch(watched(0), 20_000);
    expect(findings.at(-1)?.finding).toBe('dead');
    expect(look(heard(state, 20_500), 21_000).finding).toBe('alive');
  });

  it('is not asked while something else is heard', () => {
    const state = heard(watched(0), 1_900);
    expect(look(state, 2_000)).toMatchObject({ finding: 'alive', state: { lookAtMs: 3_900 } });
  });

  it('is alive as long as it answers', () => {
    const { findings } = watch(watched(0), 60_000, { answerAfterMs: 100 });
    expect(findings.length).toBeGreaterThan(15);
    expect(findings.every(({ finding }) => finding === 'ask')).toBe(true);
  });

  it('is not asked a second time while the first question is open', () => {
    const { state } = look(watched(0), 2_000);
    expect(look(state, 3_000)).toMatchObject({ finding: 'alive', state: { lookAtMs: 5_000 } });
  });
});

describe('a late look', () => {
  it('proves nothing: the computer slept, and the answer may lie unread', () => {
    const { state } = look(watched(0), 2_000);
    const woken = look(state, 3_600_000);
    expect(woken.finding).toBe('ask');
    expect(look(heard(woken.state, 3_600_020), 3_600_100).finding).toBe('alive');
    expect(look(woken.state, 3_603_000).finding).toBe('dead');
  });

  it('counts the second time: a hidden page looks once a minute for ever', () => {
    expect(watch(watched(0), 200_000, { lateMs: 57_000 }).findings.map(({ finding }) => finding)).toEqual([
      'ask',
      'ask',
      'dead',
    ]);
  });
});

describe('a doubt', () => {
  it('asks at once', () => {
    const { state, finding } = doubted(watched(0), 100);
    expect(finding).toBe('ask');
    expect(look(state, 3_100).finding).toBe('dead');
  });

  it('does not put off the end of a question that is open', () => {
    const { state } = look(watched(0), 2_000);
    const again = doubted(state, 4_900);
    expect(again.finding).toBe('alive');
    expect(look(again.state, 5_000).finding).toBe('dead');
  });

  it('with a reason to hurry is over 400 ms later', () => {
    const { state, finding } = doubted(watched(0), 100, true);
    expect(finding).toBe('ask');
    expect(look(state, 499).finding).toBe('alive');
    expect(look(state, 500).finding).toBe('dead');
    expect(look(heard(state, 300), 500).finding).toBe('alive');
  });

  it('with a reason to hurry shortens the wait for an answer, and never lengthens it', () => {
    const { state } = look(watched(0), 2_000);
    const hurried = doubted(state, 2_100, true);
    expect(hurried).toMatchObject({ finding: 'alive', state: { lookAtMs: 2_500 } });
    expect(look(hurried.state, 2_500).finding).toBe('dead');
    expect(doubted(state, 4_900, true).state.lookAtMs).toBe(5_000);
    expect(doubted(hurried.state, 2_400, true).state.lookAtMs).toBe(2_500);
  });

  it('that is asked again after a late look has the ordinary time', () => {
    const { state } = doubted(watched(0), 100, true);
    const woken = look(state, 60_000);
    expect(woken.finding).toBe('ask');
    expect(look(woken.state, 62_900).finding).toBe('alive');
    expect(look(woken.state, 63_000).finding).toBe('dead');
  });
});
