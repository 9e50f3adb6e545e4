import type { Claim } from '@holdfast/media-server/control-plane/directory/directory-entry.ts';
import { verdictOf } from '@holdfast/media-server/control-plane/directory/verdicts.ts';
import type { DirectoryEntry } from '@holdfast/media-server/control-plane/store/records.ts';
import { describe, expect, it } from 'vitest';

const at1 = { nodeId: 'n1', epoch: 1 };
const at2 = { nodeId: 'n2', epoch: 2 };
const homeOn1: DirectoryEntry = { state: 'home', ...at1, issuedEpoch: 1, changedAtMs: 0 };
const homeOn2: DirectoryEntry = { state: 'home', ...at2, issuedEpoch: 2, changedAtMs: 0 };
const moving: DirectoryEntry = { state: 'moving', ...at1, issuedEpoch: 2, movingTo: at2, changedAtMs: 0 };
const givenUp: DirectoryEntry = { ...homeOn1, issuedEpoch: 2 };
const ended: DirectoryEntry = { state: 'ended', ...at2, issuedEpoch: 2, changedAtMs: 0 };

const verdict = (entry: DirectoryEntry | undefined, claim: Claim, nowMs = 60_000) => {
  const { superseded, adopt } = verdictOf([{ meetingId: 'm', claim, entry }], nowMs);
  if (superseded.length > 0) return 'drop';
  return adopt.length > 0 ? 'adopt' : 'keep';
};

describe('what a node is told to do about what it holds', () => {
  it('a node that slept lets go of what was moved on without it', () => {
    expect(verdict(homeOn2, { ...at1, role: 'home' })).toBe('drop');
    expect(verdict(ended, { ...at1, role: 'home' })).toBe('drop');
  });

  it('a target lets go of an epoch that was given up', () => {
    expect(verdict(givenUp, { ...at2, role: 'incoming' })).toBe('drop');
    expect(verdict(givenUp, { ...at2, role: 'home' })).toBe('drop');
  });

  it('a target that nobody told of the commit takes the meeting as its own', () => {
    expect(verdict(homeOn2, { ...at2, role: 'incoming' })).toBe('adopt');
    expect(verdict(homeOn2, { ...at2, role: 'home' })).toBe('keep');
  });

  it('both ends of a move keep it while it is under way', () => {
    expect(verdict(moving, { ...at1, role: 'outgoing' })).toBe('keep');
    expect(verdict(moving, { ...at2, role: 'incoming' })).toBe('keep');
  });

  it('the source of a committed move has time to tell everybody', () => {
    expect(verdict(homeOn2, { ...at1, role: 'outgoing' }, 14_999)).toBe('keep');
    expect(verdict(homeOn2, { ...at1, role: 'outgoing' }, 15_000)).toBe('drop');
  });

  it('whoever has just given a move up has time to bring people back', () => {
    expect(verdict(givenUp, { ...at2, role: 'incoming' }, 1999)).toBe('keep');
    expect(verdict(givenUp, { ...at2, role: 'incoming' }, 2000)).toBe('drop');
  });

  it('nothing that the directory does not know of is judged', () => {
    expect(verdict(undefined, { ...at1, role: 'home' })).toBe('keep');
    expect(verdict(homeOn1, { nodeId: 'n2', epoch: 7, role: 'home' })).toBe('keep');
    const arriving: DirectoryEntry = { state: 'arriving', ...at2, issuedEpoch: 2, changedAtMs: 0 };
    expect(verdict(arriving, { ...at1, role: 'outgoing' })).toBe('keep');
  });
});
