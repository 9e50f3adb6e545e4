import { Participants } from '@holdfast/media-server/client/participants.ts';
import { describe, expect, it } from 'vitest';

const bob = { participantId: 'bob', displayName: 'Bob' };
const eve = { participantId: 'eve', displayName: 'Eve' };
const none = { joined: [], left: [] };

describe('who is in the meeting', () => {
  it('is what the only leg says', () => {
    const people = new Participants();
    expect(people.legSays('old', [bob])).toEqual({ joined: [bob], left: [] });
    expect(people.joined('old', eve)).toEqual({ joined: [eve], left: [] });
    expect(people.left('old', 'bob')).toEqual({ joined: [], left: [bob] });
    expect([...people.present.keys()]).toEqual(['eve']);
  });

  it('does not change when the same people appear on a second leg', () => {
    const people = new Participants();
    people.legSays('old', [bob, eve]);
    expect(people.legSays('new', [])).toEqual(none);
    expect(people.joined('new', bob)).toEqual(none);
    expect(people.joined('new', eve)).toEqual(none);
    expect(people.legClosed('old', 0)).toEqual(none);
  });

  it('includes those who are on one of the legs only', () => {
    const people = new Participants();
    people.legSays('old', [bob]);
    people.legSays('new', []);
    expect(people.joined('new', eve)).toEqual({ joined: [eve], left: [] });
    expect([...people.present.keys()].sort()).toEqual(['bob', 'eve']);
  });

  it('includes somebody until they are gone from all legs', () => {
    const people = new Participants();
    people.legSays('old', [bob]);
    people.legSays('new', [bob]);
    expect(people.left('old', 'bob')).toEqual(none);
    expect(people.left('new', 'bob')).toEqual({ joined: [], left: [bob] });
  });

  it('is brought in line with a snapshot', () => {
    const people = new Participants();
    people.legSays('old', [bob]);
    expect(people.legSays('old', [eve])).toEqual({ joined: [eve], left: [bob] });
  });
});

describe('when the node of a leg is lost', () => {
  it('nobody leaves: they are awaited on the next leg', () => {
    const people = new Participants();
    people.legSays('old', [bob]);
    expect(people.legClosed('old', 1000)).toEqual(none);
    expect(people.legSays('new', [])).toEqual(none);
    expect(people.joined('new', bob)).toEqual(none);
    expect(people.nextExpiryMs).toBeUndefined();
  });

  it('who does not come within ten seconds has left', () => {
    const people = new Participants();
    people.legSays('old', [bob, eve]);
    people.legClosed('old', 1000);
    people.legSays('new', [bob]);
    expect(people.nextExpiryMs).toBe(11_000);
    expect(people.expire(10_999)).toEqual(none);
    expect(people.expire(11_000)).toEqual({ joined: [], left: [eve] });
  });

  it('who is awaited and leaves on the new leg is gone at once', () => {
    const people = new Participants();
    people.legSays('old', [bob]);
    people.legSays('new', []);
    people.legClosed('old', 0);
    expect(people.left('new', 'bob')).toEqual({ joined: [], left: [bob] });
  });

  it('hears nothing more of a leg that is closed', () => {
    const people = new Participants();
    people.legSays('old', []);
    people.legClosed('old', 0);
    expect(people.joined('old', bob)).toEqual(none);
  });
});
