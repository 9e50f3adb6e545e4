import { Leg } from '@holdfast/media-server/media-node/leg.ts';
import { largestMeeting } from '@holdfast/media-server/media-node/limits.ts';
import type { Link } from '@holdfast/media-server/media-node/link.ts';
import { LoadMeter } from '@holdfast/media-server/media-node/load.ts';
import { MeetingStore } from '@holdfast/media-server/media-node/meeting-store.ts';
import { WorkerPool } from '@holdfast/media-server/media-node/worker-pool.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { someRtpParameters } from '../media-server/media-descriptions.ts';
import { oneWorker } from '../media-server/node-facts.ts';
import { ManualClock } from '../media-server/process/manual-clock.ts';

const log = createLogger('test');
log.level = 'silent';
const media = { addresses: [{ ip: '127.0.0.1' }], port: 0 };

/** A connection on which what the node says is written down. */
class NotedLink implements Link {
  readonly peerId: string;
  readonly role: Link['role'];
  readonly told: string[] = [];
  open = true;

  constructor(peerId: string, role: Link['role'] = 'gateway') {
    this.peerId = peerId;
    this.role = role;
  }

  readonly request: Link['request'] = async () => {
    throw new Error('nobody is there to answer');
  };

  readonly notify: Link['notify'] = (method, params) => {
    this.told.push('legId' in params ? `${method} ${params.legId}` : method);
    return true;
  };
}

let pool: WorkerPool;
let clock: ManualClock;
let meetings: MeetingStore;
let gateway: NotedLink;
const mayCreate = () => {};

beforeEach(async () => {
  pool = await WorkerPool.start(media, 1, log, systemClock);
  clock = new ManualClock();
  meetings = new MeetingStore(pool, log, clock);
  gateway = new NotedLink('gateway-1');
});

afterEach(() => {
  meetings.closeAll('test over');
  pool.close();
});

async function enter(meetingId: string, person: string, options: { newcomer?: boolean; link?: Link } = {}) {
  const meeting = await meetings.open(meetingId, 1, 'home', mayCreate);
  return meeting.openLeg({
    legId: `${meetingId}:${person}`,
    participant: { participantId: person, displayName: person },
    link: options.link ?? gateway,
    newcomer: options.newcomer ?? true,
    initialOutgoingBitrateBps: undefined,
  });
}

describe('the end of a leg', () => {
  it('comes by itself when its client never answers, though its gateway lives; the meeting ends with it', async () => {
    const ended: string[] = [];
    meetings.on('ended', ({ id }) => ended.push(id));
    const leg = await enter('m', 'ghost');
    await clock.advance(21_000);
    expect(gateway.told).toEqual(['leg.lost m:ghost']);
    expect(leg.closed).toBe(false);
    await clock.advance(11_000);
    expect(leg.closed).toBe(true);
    await clock.advance(5000);
    expect(ended).toEqual(['m']);
    expect(meetings.all).toEqual([]);
  });

  it('is told to the others as somebody who has left', async () => {
    const other = new NotedLink('gateway-2');
    await enter('m', 'ghost');
    await clock.advance(15_000);
    await enter('m', 'ada', { link: other });
    await clock.advance(17_000);
    expect(other.told).toContain('participant.left m:ada');
  });

  it('is told to a connection that takes it up after it has broken', async () => {
    const leg = await enter('m', 'ada');
    meetings.linkGone(gateway);
    await clock.advance(21_000);
    const next = new NotedLink('gateway-2');
    meetings.attach({ legId: leg.id, meetingId: 'm', participantId: 'ada' }, next);
    expect(next.told).toEqual(['leg.lost m:ada']);
  });

  it('leaves no leg that can be found', async () => {
    const leg = await enter('m', 'ada');
    expect(meetings.findLeg(leg.id).leg).toBe(leg);
    meetings.findLeg(leg.id).meeting.closeLeg(leg.id);
    expect(() => meetings.findLeg(leg.id)).toThrow(expect.objectContaining({ code: 'LEG_UNKNOWN' }));
  });
});

it('a leg of which one transport cannot be made leaves none of the other', async () => {
  const meeting = await meetings.open('m', 1, 'home', mayCreate);
  const { router, worker } = meeting;
  const make = router.createWebRtcTransport.bind(router);
  const made: { closed: boolean }[] = [];
  vi.spyOn(router, 'createWebRtcTransport').mockImplementationOnce(async (options) => {
    const transport = await make(options);
    made.push(transport);
    return transport;
  });
  vi.mocked(router.createWebRtcTransport).mockRejectedValueOnce(new Error('no more ports'));
  const opening = Leg.open({
    id: 'x',
    participant: { participantId: 'ada', displayName: 'Ada' },
    router,
    worker,
    initialOutgoingBitrateBps: undefined,
    clock,
    awakeMs: () => 0,
    onLife: () => {},
  });
  await expect(opening).rejects.toThrow('no more ports');
  expect(made).toMatchObject([{ closed: true }]);
});

describe('a meeting that is being moved here', () => {
  it('never becomes the home by itself: without its source and without media it ends, and says so', async () => {
    const source = new NotedLink('node-1', 'node');
    const meeting = await meetings.open('m', 2, 'incoming', mayCreate);
    meeting.prepare(source, 1);
    await meeting.openLeg({
      legId: 'm:ada',
      participant: { participantId: 'ada', displayName: 'Ada' },
      link: gateway,
      newcomer: false,
      initialOutgoingBitrateBps: undefined,
    });
    meetings.linkGone(source);
    await clock.advance(4000);
    expect(meeting.role).toBe('incoming');
    await clock.advance(2000);
    expect(meetings.all).toEqual([]);
    expect(gateway.told).toEqual(['leg.lost m:ada']);
  });

  it('lives on when it is adopted although its source is gone', async () => {
    const source = new NotedLink('node-1', 'node');
    const meeting = await meetings.open('m', 2, 'incoming', mayCreate);
    meeting.prepare(source, 1);
    meetings.linkGone(source);
    meeting.adopt();
    await clock.advance(4000);
    expect(meeting.role).toBe('home');
    expect(meeting.closed).toBe(false);
  });

  it('leaves room for those who are brought, and refuses none of them', async () => {
    const meeting = await meetings.open('m', 2, 'incoming', mayCreate);
    meeting.prepare(new NotedLink('node-1', 'node'), largestMeeting.participants);
    await expect(enterAt(meeting, 'newcomer', { newcomer: true })).rejects.toMatchObject({
      code: 'MEETING_FULL',
      retryable: false,
    });
    await expect(enterAt(meeting, 'ada', { newcomer: false })).resolves.toBeInstanceOf(Leg);
  });
});

function enterAt(
  meeting: Awaited<ReturnType<MeetingStore['open']>>,
  person: string,
  { newcomer }: { readonly newcomer: boolean },
): Promise<Leg> {
  return meeting.openLeg({
    legId: `${meeting.id}:${person}`,
    participant: { participantId: person, displayName: person },
    link: gateway,
    newcomer,
    initialOutgoingBitrateBps: undefined,
  });
}

describe('what lives elsewhere', () => {
  it('is dropped, and whoever is on it is told to take another leg', async () => {
    await enter('m', 'ada');
    await meetings.drop('m', 1);
    expect(meetings.all).toEqual([]);
    expect(gateway.told).toEqual(['leg.lost m:ada']);
  });

  it('is not dropped when what is here is newer', async () => {
    await meetings.open('m', 3, 'home', mayCreate);
    await meetings.drop('m', 2);
    expect(meetings.all).toMatchObject([{ id: 'm', epoch: 3 }]);
  });

  it('is dropped, too, when it is just being made', async () => {
    const opening = meetings.open('m', 1, 'home', mayCreate);
    await meetings.drop('m', 1);
    await opening;
    expect(meetings.all).toEqual([]);
  });
});

describe('a worker', () => {
  it('is not ended by mediasoup when the process is told to end: its meetings are moved first', async () => {
    const listeners = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
    const before = listeners();
    const more = await WorkerPool.start(media, 2, log, systemClock);
    expect(listeners()).toBe(before);
    more.close();
  });

  it('whose library broke off in the middle of a request is replaced, and nothing is half closed', async () => {
    const leg = await enter('m', 'ada');
    const [worker] = pool.running;
    const lost: string[] = [];
    meetings.on('lost', ({ id }) => lost.push(id));
    // What the parser at the door keeps away: mediasoup cannot write it, and cannot write anything after it.
    const parameters = { ...someRtpParameters('video'), encodings: [{ ssrc: 1, maxBitrate: 1.5 }] };
    const produced = worker?.channel.call(() =>
      leg.sendTransport.produce({ kind: 'video', rtpParameters: parameters }),
    );
    await expect(produced).rejects.toThrow(RangeError);
    await vi.waitFor(() => expect(lost).toEqual(['m']));
    expect(leg.closed).toBe(true);
    await vi.waitFor(() => expect(pool.running.map(({ worker: { pid } }) => pid)).not.toEqual([]), 5000);
    expect(pool.running[0]?.worker.pid).not.toBe(worker?.worker.pid);
    await expect(enter('m', 'ada')).resolves.toBeInstanceOf(Leg);
  });

  it('that stands still is ended within seconds; until then only its own figures are unknown', async () => {
    const second = await WorkerPool.start(media, 2, log, systemClock);
    const both = new MeetingStore(second, log, systemClock);
    try {
      const load = new LoadMeter(second, both, oneWorker, systemClock);
      await load.measure();
      // A rate needs some time between two looks.
      await vi.waitFor(async () => {
        await load.measure();
        expect(load.current().workers.every(({ cpu }) => cpu !== null)).toBe(true);
      });
      const [silent] = second.running;
      if (!silent) throw new Error('no worker runs');
      process.kill(silent.worker.pid, 'SIGSTOP');
      await load.measure();
      expect(load.current().workers.map(({ cpu }) => cpu === null)).toEqual([true, false]);
      expect(load.current().stress).toBeNull();
      const died: number[] = [];
      second.on('workerDied', (index) => died.push(index));
      await vi.waitFor(() => expect(died).toEqual([0]), 8000);
      await vi.waitFor(() => expect(second.running).toHaveLength(2), 8000);
      expect(second.running[0]?.worker.pid).not.toBe(silent.worker.pid);
    } finally {
      both.closeAll('test over');
      second.close();
    }
  });
});
