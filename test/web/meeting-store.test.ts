import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MeetingStore } from '../../media-server/web/lib/meeting-store.ts';
import { joinedNotice, standingNotice } from '../../media-server/web/lib/notices.ts';
import { onStage } from '../../media-server/web/lib/people.ts';
import { FakeMeeting } from './fake-meeting.ts';

let meeting: FakeMeeting;
let store: MeetingStore;
beforeEach(() => {
  vi.useFakeTimers();
  meeting = new FakeMeeting();
  store = new MeetingStore(meeting);
});
afterEach(() => {
  store.close();
  vi.useRealTimers();
});
const said = () => store.view.notices.map(({ text }) => text);

describe('MeetingStore', () => {
  it('shows who is there and what they send', () => {
    meeting.come('Ada', 'camera');
    expect(store.view.people).toMatchObject([{ name: 'Ada', camera: true, muted: true, screen: false }]);
    expect(said()).toEqual([joinedNotice('Ada').text]);
  });

  it('shows how sound and picture go', () => {
    expect(store.view.path.quality).toBe('unknown');
    meeting.goBy({ path: 'turn-tls', quality: 'poor' });
    expect(store.view.path).toEqual({ path: 'turn-tls', quality: 'poor' });
  });

  it('takes somebody who comes back for somebody new, so that the picture gets a new place', () => {
    meeting.come('Ada');
    const before = store.view.people[0]?.key;
    meeting.go('Ada');
    meeting.come('Ada');
    expect(store.view.people[0]?.key).not.toBe(before);
  });

  it('keeps the place of somebody whose streams change', () => {
    meeting.come('Ada');
    const before = store.view.people[0]?.key;
    meeting.come('Ada', 'camera');
    expect(store.view.people[0]?.key).toBe(before);
  });

  it('says in plain words what happens to the meeting, and when it is over', () => {
    meeting.enter('recovering');
    expect(standingNotice(store.view.state, store.view.long)).toContain('Bringing everyone back');
    meeting.enter('connected');
    expect(standingNotice(store.view.state, store.view.long)).toBeUndefined();
    expect(said()).toEqual(['Everyone is back.']);
  });

  it('says what is still true when the server cannot be reached for long', () => {
    meeting.enter('reconnecting');
    const said = () => standingNotice(store.view.state, store.view.long);
    expect(said()).toBe('Connection lost. Your call goes on; reconnecting…');
    vi.advanceTimersByTime(10_000);
    expect(said()).toBe('Your sound and picture still flow. We are trying to reach the server.');
    meeting.enter('connected');
    meeting.enter('reconnecting');
    expect(said()).toBe('Connection lost. Your call goes on; reconnecting…');
  });

  it('says no more than three things at once, and each for a few seconds only', () => {
    for (const name of ['a', 'b', 'c', 'd']) meeting.come(name);
    expect(said()).toEqual(['b', 'c', 'd'].map((name) => joinedNotice(name).text));
    vi.advanceTimersByTime(5000);
    expect(said()).toEqual([]);
  });

  it('barely mentions a move, and does not tell a recovery twice', () => {
    const moved = (reason: 'handover' | 'recovery' | 'join') => {
      for (const listener of meeting.listeners.moveFinished)
        listener({ nodeId: 'n2', reason, durationMs: 1 });
    };
    moved('recovery');
    moved('join');
    expect(said()).toEqual([]);
    moved('handover');
    expect(store.view.notices).toMatchObject([{ text: 'Moved to another server', tone: 'quiet' }]);
  });

  it('knows of blocked sound from the first moment', () => {
    meeting.soundBlocked = true;
    const late = new MeetingStore(meeting);
    expect(late.view.soundBlocked).toBe(true);
    late.close();
  });

  it('leaves no listener and no timer behind', () => {
    meeting.come('Ada');
    store.close();
    expect(meeting.listening).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('onStage', () => {
  it('is the chosen screen as long as it is shared, else the first one', () => {
    meeting.come('Ada', 'screen');
    meeting.come('Bob', 'screen');
    expect(onStage(store.view.people, undefined)?.name).toBe('Ada');
    expect(onStage(store.view.people, 'Bob')?.name).toBe('Bob');
    meeting.come('Bob');
    expect(onStage(store.view.people, 'Bob')?.name).toBe('Ada');
  });
});
