import {
  type Claim,
  type DirectoryEvent,
  isSettled,
  nextDirectoryEntry,
} from '@holdfast/media-server/control-plane/directory/directory-entry.ts';
import type { DirectoryEntry } from '@holdfast/media-server/control-plane/store/records.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const n1 = { nodeId: 'n1', epoch: 1 };
const n2 = { nodeId: 'n2', epoch: 2 };
const home: DirectoryEntry = { state: 'home', ...n1, issuedEpoch: 1, changedAtMs: 1 };
const moving: DirectoryEntry = { state: 'moving', ...n1, issuedEpoch: 2, movingTo: n2, changedAtMs: 1 };
const arriving: DirectoryEntry = { state: 'arriving', ...n2, issuedEpoch: 2, changedAtMs: 1 };
const ended: DirectoryEntry = { state: 'ended', ...n1, issuedEpoch: 1, changedAtMs: 1 };

const step = (entry: DirectoryEntry | undefined, event: DirectoryEvent) =>
  nextDirectoryEntry(entry, event, 2);
const written = (entry: DirectoryEntry | undefined, event: DirectoryEvent) => {
  const result = step(entry, event);
  return result.kind === 'write' ? result.entry : result.kind;
};
const claims = (...list: [string, number, Claim['role']][]): DirectoryEvent => ({
  type: 'claims',
  claims: list.map(([nodeId, epoch, role]) => ({ nodeId, epoch, role })),
});

describe('a directory entry', () => {
  it('begins at the first epoch, and after an end at one that was never used', () => {
    expect(written(undefined, { type: 'place', nodeId: 'n1' })).toMatchObject({ state: 'home', ...n1 });
    expect(written(ended, { type: 'place', nodeId: 'n3' })).toMatchObject({
      state: 'home',
      nodeId: 'n3',
      epoch: 2,
    });
  });

  it('stays with the first home when somebody else places it too', () => {
    expect(step(home, { type: 'place', nodeId: 'n3' })).toEqual({ kind: 'keep' });
  });

  it('moves, and the target becomes the home with the next epoch', () => {
    expect(written(home, { type: 'move', from: n1, to: 'n2' })).toMatchObject({
      state: 'moving',
      ...n1,
      movingTo: n2,
    });
    expect(written(moving, { type: 'commit', from: n1, to: 'n2' })).toMatchObject({ state: 'home', ...n2 });
  });

  it('takes a second commit for the first one asked again', () => {
    const committed: DirectoryEntry = { state: 'home', ...n2, issuedEpoch: 2, changedAtMs: 1 };
    expect(step(committed, { type: 'commit', from: n1, to: 'n2' })).toEqual({ kind: 'keep' });
  });

  it('refuses a move or commit of whoever has an old view', () => {
    expect(step(home, { type: 'move', from: { nodeId: 'n9', epoch: 1 }, to: 'n2' }).kind).toBe('refuse');
    expect(step(home, { type: 'move', from: { nodeId: 'n1', epoch: 9 }, to: 'n2' }).kind).toBe('refuse');
    expect(step(moving, { type: 'commit', from: n1, to: 'n3' }).kind).toBe('refuse');
    expect(step(home, { type: 'commit', from: n1, to: 'n2' }).kind).toBe('refuse');
    expect(step(undefined, { type: 'move', from: n1, to: 'n2' }).kind).toBe('refuse');
  });

  it('gives a second attempt to move a fresh epoch, so that the first target cannot be taken for the second', () => {
    const aborted = step(moving, { type: 'abort', from: n1, to: 'n2' });
    if (aborted.kind !== 'write') throw new Error('the abort was not written');
    expect(aborted.entry).toMatchObject({ state: 'home', ...n1 });
    expect(written(aborted.entry, { type: 'move', from: n1, to: 'n3' })).toMatchObject({
      movingTo: { nodeId: 'n3', epoch: 3 },
    });
  });

  it('keeps what is when an abort comes late or twice', () => {
    expect(step(home, { type: 'abort', from: n1, to: 'n2' })).toEqual({ kind: 'keep' });
  });

  describe('when its home is lost', () => {
    it('goes to the new home with the next epoch', () => {
      expect(written(home, { type: 'lost', place: n1, newHome: 'n3' })).toMatchObject({
        state: 'home',
        nodeId: 'n3',
        epoch: 2,
      });
    });
    it('stays with the winner when the loss is reported again', () => {
      const recovered: DirectoryEntry = {
        state: 'home',
        nodeId: 'n3',
        epoch: 2,
        issuedEpoch: 2,
        changedAtMs: 1,
      };
      expect(step(recovered, { type: 'lost', place: n1, newHome: 'n4' })).toEqual({ kind: 'keep' });
    });
    it('goes to the target of the move that was under way, whoever else was proposed', () => {
      expect(written(moving, { type: 'lost', place: n1, newHome: 'n3' })).toMatchObject({
        state: 'home',
        ...n2,
      });
    });
    it('stays at home when it is the target that was lost', () => {
      expect(written(moving, { type: 'lost', place: n2, newHome: 'n3' })).toMatchObject({
        state: 'home',
        ...n1,
      });
    });
    it('is refused when nobody can take it', () => {
      expect(step(home, { type: 'lost', place: n1, newHome: undefined }).kind).toBe('refuse');
    });
  });

  describe('when its last participant leaves', () => {
    it('ends, and remembers its epoch', () => {
      expect(written(home, { type: 'end', place: n1 })).toMatchObject({
        state: 'ended',
        epoch: 1,
        issuedEpoch: 1,
      });
    });
    it('lives on if it has moved meanwhile', () => {
      expect(step({ ...home, ...n2, issuedEpoch: 2 }, { type: 'end', place: n1 })).toEqual({ kind: 'keep' });
    });
    it('lives on at the target if the source of a move emptied', () => {
      expect(written(moving, { type: 'end', place: n1 })).toMatchObject({ state: 'home', ...n2 });
    });
  });

  describe('rebuilt from what nodes hold', () => {
    it('takes the highest epoch', () => {
      expect(written(undefined, claims(['n1', 3, 'home'], ['n2', 5, 'home']))).toMatchObject({
        nodeId: 'n2',
        epoch: 5,
      });
      expect(written(home, claims(['n1', 1, 'home'], ['n2', 5, 'home']))).toMatchObject({
        nodeId: 'n2',
        epoch: 5,
      });
    });
    it('does not bring back an older epoch', () => {
      expect(step({ ...home, ...n2, issuedEpoch: 2 }, claims(['n1', 1, 'home']))).toEqual({ kind: 'keep' });
      expect(step({ ...ended, epoch: 3, issuedEpoch: 3 }, claims(['n1', 2, 'home']))).toEqual({
        kind: 'keep',
      });
    });
    it('sees a move under way in one who sends and one who receives, in whatever order they come', () => {
      const both = claims(['n1', 1, 'outgoing'], ['n2', 2, 'incoming']);
      expect(written(undefined, both)).toMatchObject({ state: 'moving', ...n1, movingTo: n2 });
      expect(written(home, both)).toMatchObject({ state: 'moving', ...n1, movingTo: n2 });
      expect(written(undefined, claims(['n2', 2, 'incoming']))).toMatchObject({ state: 'arriving', ...n2 });
      expect(written(arriving, both)).toMatchObject({ state: 'moving', ...n1, movingTo: n2 });
    });
    it('does not begin again a move that was given up, however long its ends go on speaking of it', () => {
      const aborted: DirectoryEntry = { ...home, issuedEpoch: 2 };
      expect(step(aborted, claims(['n1', 1, 'outgoing'], ['n2', 2, 'incoming']))).toEqual({ kind: 'keep' });
    });
    it('does not turn back a committed move while the source still holds the meeting', () => {
      const committed: DirectoryEntry = { state: 'home', ...n2, issuedEpoch: 2, changedAtMs: 1 };
      expect(step(committed, claims(['n1', 1, 'outgoing'], ['n2', 2, 'incoming']))).toEqual({ kind: 'keep' });
    });
    it('is committed when the target says that it is the home', () => {
      expect(written(moving, claims(['n1', 1, 'outgoing'], ['n2', 2, 'home']))).toMatchObject({
        state: 'home',
        ...n2,
      });
    });
    it('revives what ended in the moment in which somebody joined, on the same node only', () => {
      expect(written(ended, claims(['n1', 1, 'home']))).toMatchObject({ state: 'home', ...n1 });
      expect(step(ended, claims(['n2', 1, 'home']))).toEqual({ kind: 'keep' });
    });
    it('never follows an epoch that was given up, even when its holder says that it is the home', () => {
      const aborted: DirectoryEntry = { ...home, issuedEpoch: 2 };
      expect(step(aborted, claims(['n1', 1, 'home'], ['n2', 2, 'home']))).toEqual({ kind: 'keep' });
      expect(step(aborted, claims(['n2', 2, 'home']))).toEqual({ kind: 'keep' });
      // Nor does it hide the next move of the true holder.
      expect(
        written(aborted, claims(['n1', 1, 'outgoing'], ['n2', 2, 'home'], ['n3', 3, 'incoming'])),
      ).toMatchObject({
        state: 'moving',
        ...n1,
        movingTo: { nodeId: 'n3', epoch: 3 },
      });
    });
    it('revives what ended on its node after a move that was given up', () => {
      const endedAfterAbort: DirectoryEntry = { ...ended, issuedEpoch: 2 };
      expect(written(endedAfterAbort, claims(['n1', 1, 'home']))).toMatchObject({
        state: 'home',
        ...n1,
        issuedEpoch: 2,
      });
      expect(step(endedAfterAbort, claims(['n2', 2, 'home']))).toEqual({ kind: 'keep' });
    });
    it('gives a move of which only the target speaks to the target, when its source is silent for long', () => {
      const alone = claims(['n2', 2, 'incoming']);
      expect(nextDirectoryEntry(arriving, alone, 15_000)).toEqual({ kind: 'keep' });
      expect(nextDirectoryEntry(arriving, alone, 15_001)).toMatchObject({
        kind: 'write',
        entry: { state: 'home', ...n2 },
      });
    });
    it('lets commit and abort work on a move of which only the target has been heard', () => {
      expect(written(arriving, { type: 'commit', from: n1, to: 'n2' })).toMatchObject({
        state: 'home',
        ...n2,
      });
      expect(written(arriving, { type: 'abort', from: n1, to: 'n2' })).toMatchObject({
        state: 'home',
        ...n1,
      });
    });
  });
});

describe('a claim that is settled', () => {
  const small = fc.integer({ min: 1, max: 4 });
  const node = fc.constantFrom('n1', 'n2', 'n3');
  const place = fc.record({ nodeId: node, epoch: small });
  const at = fc.record({ place, more: fc.nat(2) });
  const still = fc
    .record({ at, state: fc.constantFrom('home' as const, 'arriving' as const, 'ended' as const) })
    .map(({ at: { place: from, more }, state }): DirectoryEntry => {
      return { state, ...from, issuedEpoch: from.epoch + more, changedAtMs: 1 };
    });
  const onTheMove = fc
    .record({ at, target: node })
    .map(({ at: { place: from, more }, target }): DirectoryEntry => {
      const movingTo = { nodeId: target, epoch: from.epoch + 1 };
      return { state: 'moving', ...from, issuedEpoch: movingTo.epoch + more, movingTo, changedAtMs: 1 };
    });
  const anyEntry = fc.oneof(still, onTheMove);
  const anyClaim = fc
    .record({ place, role: fc.constantFrom<Claim['role']>('home', 'incoming', 'outgoing') })
    .map(({ place: at, role }) => ({ ...at, role }));

  it('is one that merging would change nothing for', () => {
    fc.assert(
      fc.property(anyEntry, anyClaim, (entry, claim) => {
        fc.pre(isSettled(entry, claim));
        expect(step(entry, { type: 'claims', claims: [claim] })).toEqual({ kind: 'keep' });
      }),
    );
  });

  it('is what the directory has, or knows to be over, and nothing else', () => {
    expect(isSettled(home, { ...n1, role: 'home' })).toBe(true);
    expect(isSettled(moving, { ...n1, role: 'outgoing' })).toBe(true);
    expect(isSettled(moving, { ...n2, role: 'incoming' })).toBe(true);
    expect(isSettled({ ...home, ...n2, issuedEpoch: 2 }, { ...n1, role: 'home' })).toBe(true);
    expect(isSettled(undefined, { ...n1, role: 'home' })).toBe(false);
    expect(isSettled(home, { ...n1, role: 'outgoing' })).toBe(false);
    expect(isSettled(home, { ...n2, role: 'home' })).toBe(false);
    expect(isSettled(arriving, { ...n2, role: 'incoming' })).toBe(false);
  });
});
