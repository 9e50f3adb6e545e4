import { admit } from '@holdfast/media-server/capacity/admission.ts';
import { capacityOf } from '@holdfast/media-server/capacity/machine-capacity.ts';
import {
  capped,
  larger,
  meetingShares,
  scaled,
  sharesOf,
  streamsOf,
  without,
} from '@holdfast/media-server/capacity/meeting-load.ts';
import { describe, expect, it } from 'vitest';

describe("a meeting's load", () => {
  it.each([
    { participants: 0, streams: 0 },
    { participants: 1, streams: 0 },
    { participants: 2, streams: 4 },
    { participants: 4, streams: 24 },
    { participants: 14, streams: 364 },
    { participants: 20, streams: 760 },
  ])(
    'of $participants people who all send sound and picture is $streams streams',
    ({ participants, streams }) => {
      expect(streamsOf(meetingShares({ participants }))).toBe(streams);
    },
  );

  it('counts who sends: a lecture for 50 is 98 streams', () => {
    expect(streamsOf(meetingShares({ participants: 50, sendingSound: 1, sendingPicture: 1 }))).toBe(98);
  });

  it('is the same formula before and after the meeting has begun', () => {
    const begun = meetingShares({ participants: 5, sendingSound: 5, sendingPicture: 5, consumers: 40 });
    expect(begun).toEqual(meetingShares({ participants: 5 }));
  });

  it('is what is forwarded where that is more: shared screens', () => {
    expect(streamsOf(meetingShares({ participants: 5, consumers: 44 }))).toBe(44);
  });

  it('of ten thousand expected people asks for no more than a whole worker', () => {
    const [share] = meetingShares({ participants: 10_000 });
    expect(share && capped(share, capacityOf('test', 4))).toMatchObject({ streams: 400 });
  });
});

describe('a share', () => {
  it('that is capped keeps its bits for each stream, up to what the machine may send', () => {
    const machine = { ...capacityOf('test', 4), networkBps: 200e6 };
    expect(capped({ streams: 800, egressBps: 256e6 }, machine)).toEqual({ streams: 400, egressBps: 128e6 });
    expect(capped({ streams: 800, egressBps: 800e6 }, machine)).toEqual({ streams: 400, egressBps: 200e6 });
    expect(capped({ streams: 399, egressBps: 1 }, machine)).toEqual({ streams: 399, egressBps: 1 });
  });

  it('is made smaller as a whole', () => {
    expect(scaled([{ streams: 10, egressBps: 400 }], 0.5)).toEqual([{ streams: 5, egressBps: 200 }]);
  });

  it('is compared with the other one at the same place, where there is one', () => {
    const [two, one] = [[...sharesOf(10), ...sharesOf(20)], sharesOf(15)];
    expect(larger(two, one)).toEqual([...sharesOf(15), ...sharesOf(20)]);
    expect(larger(one, two)).toEqual(larger(two, one));
    expect(without(two, one)).toEqual([...sharesOf(0), ...sharesOf(20)]);
    expect(without(one, two)).toEqual([...sharesOf(5), ...sharesOf(0)]);
  });
});

describe('what a machine carries', () => {
  it('is the measured default for a type that is not in the table', () => {
    expect(capacityOf('unheard-of', 3)).toEqual({
      workers: 3,
      workerStreams: 400,
      nodeStreams: 10_000,
      networkBps: 1e9,
    });
  });

  it('is what an operator says before what the table says', () => {
    expect(capacityOf('c-4', 4, { workerStreams: 500 })).toMatchObject({
      workerStreams: 500,
      networkBps: 2e9,
    });
  });
});

it('a refusal says why and when to ask again', () => {
  expect(admit({ placed: false, code: 'NO_CAPACITY', reason: '0 nodes' })).toEqual({
    admitted: false,
    retryAfterMs: 5000,
    reason: 'no room for another meeting: 0 nodes',
  });
  expect(admit({ placed: true, nodeId: 'a', reason: 'in use' })).toEqual({ admitted: true, nodeId: 'a' });
  expect(sharesOf(0)).toEqual([{ streams: 0, egressBps: 0 }]);
});
