import type { KeptDecision, NodeView } from '@holdfast/media-server/protocol/index.ts';
import { describe, expect, it } from 'vitest';
import { changeLines, decisionLines } from '../../../cli/local/status-lines.ts';
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

  it('say for whom a TURN server relays, and why it does not', () => {
    const relay = {
      healthy: true,
      allocations: 4,
      users: 2,
      maxAllocations: 100,
      toClientsBytes: 9,
      fromClientsBytes: 9,
    };
    const turn = (facts: Partial<typeof relay & { why: string }>): NodeView => ({
      ...node('turn-1'),
      role: 'turn',
      relay: { ...relay, ...facts },
    });
    expect(changeLines([turn({ users: 0 })], [turn({})])).toEqual(['turn-1: has relays for 2 people']);
    expect(changeLines([turn({})], [turn({ users: 0 })])).toEqual(['turn-1: has relays for nobody']);
    expect(changeLines([turn({})], [turn({ healthy: false, why: 'coturn has ended' })])).toEqual([
      'turn-1: relays nothing (coturn has ended)',
    ]);
    // Bytes and allocations change all the time.
    expect(changeLines([turn({})], [turn({ allocations: 8, toClientsBytes: 99 })])).toEqual([]);
  });

  it('say when a node is out of reach', () => {
    expect(changeLines([node('node-1')], [node('node-1', { reachable: false })])).toEqual([
      'node-1: not reachable: no meetings',
    ]);
  });

  it('say what the autoscaler does and why, each decision once', () => {
    const kept = (reportId: string, decision: KeptDecision['decision'], dryRun = false): KeptDecision => ({
      reportId,
      holder: 'a',
      dryRun,
      atMs: 0,
      untilMs: 0,
      times: 1,
      decision,
      outcome: 'done',
      failure: null,
      figures: null,
    });
    const newestFirst = [
      kept('3', { type: 'drain', nodeId: 'node-2', reason: 'it is surplus' }, true),
      kept('2', { type: 'hold', reason: 'nothing to do' }),
      kept('1', { type: 'grow', to: 3, prefer: {}, reason: 'room is lacking' }),
    ];
    expect(decisionLines(newestFirst, new Set())).toEqual([
      'autoscaler: grow, because room is lacking',
      'autoscaler (dry run): drain node-2, because it is surplus',
    ]);
    expect(decisionLines(newestFirst, new Set(['1', '2', '3']))).toEqual([]);
  });
});
