import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../media-server/protocol/errors.ts';
import { duration, percent } from '../../media-server/web/lib/format.ts';
import { levelOf } from '../../media-server/web/lib/level.ts';
import { joinRefusal } from '../../media-server/web/lib/plain-words.ts';
import { Remembered } from '../../media-server/web/lib/remembered.ts';
import { shortcutOf } from '../../media-server/web/lib/shortcuts.ts';
import { emptyMemory } from './fakes.ts';

describe('shortcuts', () => {
  const press = { key: 'm', ctrlKey: false, metaKey: false, altKey: false, repeat: false };

  it('knows the keys of the call, also as capitals', () => {
    expect(shortcutOf(press, undefined)).toBe('m');
    expect(shortcutOf({ ...press, key: 'V' }, { tagName: 'BUTTON', editable: false })).toBe('v');
  });

  it('leaves alone what is typed, what is for the browser, and what is held down', () => {
    expect(shortcutOf(press, { tagName: 'INPUT', editable: false })).toBeUndefined();
    expect(shortcutOf(press, { tagName: 'DIV', editable: true })).toBeUndefined();
    expect(shortcutOf({ ...press, ctrlKey: true }, undefined)).toBeUndefined();
    expect(shortcutOf({ ...press, repeat: true }, undefined)).toBeUndefined();
    expect(shortcutOf({ ...press, key: 'x' }, undefined)).toBeUndefined();
  });
});

describe('what is remembered', () => {
  it('is given back until it is forgotten', () => {
    const memory = emptyMemory();
    memory.set('name', 'Ada');
    expect(memory.get('name')).toBe('Ada');
    memory.set('name', undefined);
    expect(memory.get('name')).toBeUndefined();
  });

  it('is nothing where the browser forbids it', () => {
    const forbidden = new Remembered(() => {
      throw new Error('SecurityError');
    });
    forbidden.set('name', 'Ada');
    expect(forbidden.get('name')).toBeUndefined();
  });
});

describe('numbers', () => {
  it('are never zero when they are not known', () => {
    expect(percent(null)).toBe('not known');
    expect(percent(0)).toBe('0 %');
  });

  it.each([
    [-5, '0 s'],
    [1, '1 s'],
    [89_000, '89 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [3 * 86_400_000, '3 days'],
  ])('count %i ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('the level of a microphone', () => {
  it('goes from silence to full scale as hearing does', () => {
    expect(levelOf(new Float32Array(64))).toBe(0);
    expect(levelOf(new Float32Array(64).fill(1))).toBe(1);
    expect(levelOf(new Float32Array(64).fill(0.0316))).toBeCloseTo(0.5, 2);
  });
});

describe('why somebody did not get in', () => {
  it.each([
    ['MEETING_FULL', 'This meeting is full'],
    ['TOO_MANY', 'Too many attempts from here'],
  ] as const)('%s is said in plain words', (code, title) => {
    expect(joinRefusal(new HoldfastError(code, ''), false).title).toBe(title);
  });

  it('says that a closed server has its own application', () => {
    for (const code of ['FORBIDDEN', 'NOT_FOUND'] as const) {
      const { title } = joinRefusal(new HoldfastError(code, ''), false);
      expect(title).toBe('This server only lets people in through its own application');
    }
  });

  it('does not send somebody to the application who comes from there', () => {
    expect(joinRefusal(new HoldfastError('FORBIDDEN', ''), true).title).toBe(
      'Your invitation is no longer valid',
    );
  });
});
