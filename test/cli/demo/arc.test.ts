import { meetingShares, streamsOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { place } from '@holdfast/media-server/capacity/placement.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demoArc } from '../../../cli/demo/arc.ts';
import { capacityNode, machine } from '../../media-server/capacity/capacity-nodes.ts';

const shares = (people: number) => meetingShares({ participants: people });
const streams = (people: number) => streamsOf(shares(people));
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

const crowds = fc
  .integer({ min: 2, max: 24 })
  .chain((meetings) =>
    fc.record({ meetings: fc.constant(meetings), participants: fc.integer({ min: 2 * meetings, max: 48 }) }),
  );

describe('the story of the demo', () => {
  it('for four people in two meetings has small machines, and few visitors', () => {
    expect(demoArc({ participants: 4, meetings: 2 })).toEqual({
      visitors: { meetingId: 'visitors', people: 4 },
      meetings: [
        { meetingId: 'meeting-1', people: 2 },
        { meetingId: 'meeting-2', people: 2 },
      ],
      workerStreams: 28,
    });
  });

  it('needs two machines while the visitors are there, both with people who stay, and one after it', () => {
    fc.assert(
      fc.property(crowds, (crowd) => {
        const { visitors, meetings, workerStreams } = demoArc(crowd);
        expect(sum(meetings.map(({ people }) => people))).toBe(crowd.participants);
        const small = (nodeId: string, taken: number) =>
          capacityNode(nodeId, [taken], { machine: machine({ workers: 1, workerStreams }) });
        const around = { reservations: [], generation: null, nowMs: 0 };
        let [first, second] = [streams(visitors.people), 0];
        const on = { first: 0, second: 0 };
        for (const { meetingId, people } of meetings) {
          const placement = place(
            { meetingId, shares: shares(people) },
            [small('1', first), small('2', second)],
            around,
          );
          if (!placement.placed) throw new Error(`${meetingId} finds no room`);
          if (placement.nodeId === '1') {
            first += streams(people);
            on.first += 1;
          } else {
            second += streams(people);
            on.second += 1;
          }
        }
        expect(on.first).toBeGreaterThan(0);
        expect(on.second).toBeGreaterThan(0);
        // A machine that is more than half full counts as full.
        expect(sum(meetings.map(({ people }) => streams(people)))).toBeLessThan(workerStreams / 2);
        expect(streams(visitors.people)).toBeGreaterThan(workerStreams / 2);
      }),
    );
  });
});
