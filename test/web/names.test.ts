import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meetingId } from '../../media-server/protocol/values.ts';
import { hueOf, initials, meetingIdFrom, suggestMeetingName } from '../../media-server/web/lib/names.ts';

describe('suggestMeetingName', () => {
  it('is a meeting id that stays as it is, whatever the dice say', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (dice) => {
        const name = suggestMeetingName(() => dice);
        expect(meetingIdFrom(name)).toBe(name);
      }),
    );
  });
});

describe('meetingIdFrom', () => {
  it.each([
    ['Team Monday', 'team-monday'],
    ['  Größe & Zoë!  ', 'grosse-zoe'],
    ['v1.2_final', 'v1.2_final'],
    ['https://meet.example.org/m/Team-A?name=Ada', 'Team-A'],
    ['meet.example.org/m/x#y', 'x'],
  ])('takes %j for %j', (text, id) => {
    expect(meetingIdFrom(text)).toBe(id);
  });

  it.each(['', '   ', '!!!', '会議', 'https://meet.example.org/m/-bad'])('finds no meeting in %j', (text) => {
    expect(meetingIdFrom(text)).toBeUndefined();
  });

  it('never makes an id that the protocol refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const id = meetingIdFrom(text);
        if (id !== undefined) expect(meetingId.safeParse(id).success).toBe(true);
      }),
    );
  });
});

describe('initials', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Grace Brewster Hopper', 'GH'],
    ['🐙 octopus', '🐙O'],
    [' ', '?'],
  ])('of %j are %j', (name, letters) => {
    expect(initials(name)).toBe(letters);
  });
});

describe('hueOf', () => {
  it('is within the palette, and the same each time', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 12 }), (name, count) => {
        const hue = hueOf(name, count);
        expect(hue).toBeGreaterThanOrEqual(0);
        expect(hue).toBeLessThan(count);
        expect(hueOf(name, count)).toBe(hue);
      }),
    );
  });
});
