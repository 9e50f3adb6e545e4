import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { changeLines } from '../../../cli/local/status-lines.ts';
import { localMachine } from '../../media-server/machine-kind.ts';
import { someLoad, someMeeting } from '../../media-server/node-facts.ts';

function node(
  nodeId: string,
  about: { people?: number[]; drain?: NodeView['drain']['state']; reachable?: boolean } = {},
): NodeView {
  const { people = [], drain = 'active', reachable = true } = about;
  return {
    nodeId,
    generation: 'local',
    version: '0',
    startedAtMs: 0,
    ...localMachine,
    lastHeartbeatAtMs: 0,
    reachable,
    drain: { state: drain },
    load: someLoad(null),
    meetings: people.map((participants, index) =>
      someMeeting({ meetingId: `meeting-${index}`, epoch: 1, participants }),
    ),
  };
}

describe('status lines', () => {
  it('say nothing when nothing has changed', () => {
    expect(changeLines([node('node-1', { people: [2] })], [node('node-1', { people: [2] })])).toEqual([]);
  });

  it('say what a node holds when that has changed', () => {
    expect(changeLines([node('node-1')], [node('node-1', { people: [1] })])).toEqual([
      'node-1: 1 meeting, 1 person',
    ]);
    expect(changeLines([], [node('node-1', { people: [2, 3] })])).toEqual(['node-1: 2 meetings, 5 people']);
  });

  it('say how far a drain is', () => {
    const before = [node('node-1', { people: [2] })];
    expect(changeLines(before, [node('node-1', { people: [2], drain: 'draining' })])).toEqual([
      'node-1: draining: 1 meeting, 2 people',
    ]);
    expect(changeLines(before, [node('node-1', { drain: 'drained' })])).toEqual([
      'node-1: drained: no meetings',
    ]);
  });

  it('say when a node is out of reach', () => {
    expect(changeLines([node('node-1')], [node('node-1', { reachable: false })])).toEqual([
      'node-1: not reachable: no meetings',
    ]);
  });
});
