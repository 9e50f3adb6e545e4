import type { MeetingView, NodeView } from '../../media-server/protocol/rest.ts';
import { Remembered } from '../../media-server/web/lib/remembered.ts';
import { localMachine } from '../media-server/machine-kind.ts';

/** A track without media: it knows its device and whether it still runs. */
export class FakeTrack extends EventTarget implements MediaStreamTrack {
  readonly id: string;
  readonly kind: string;
  readonly label = '';
  readonly muted = false;
  contentHint = '';
  enabled = true;
  readyState: MediaStreamTrackState = 'live';
  onended = null;
  onmute = null;
  onunmute = null;

  constructor(id: string, kind = 'video') {
    super();
    this.id = id;
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** Ends as when the device is unplugged: unlike stop(), this is told. */
  unplug(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  clone(): FakeTrack {
    return new FakeTrack(this.id, this.kind);
  }

  async applyConstraints(): Promise<void> {}
  getCapabilities = (): MediaTrackCapabilities => ({});
  getConstraints = (): MediaTrackConstraints => ({});
  getSettings = (): MediaTrackSettings => ({ deviceId: this.id });
}

/** A browser's storage that forgets with the test. */
export function emptyMemory(): Remembered {
  const items = new Map<string, string>();
  return new Remembered(() => ({
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }));
}

export function node(nodeId: string, change: Partial<NodeView> = {}): NodeView {
  return {
    nodeId,
    generation: 'g1',
    version: '0.1.0',
    startedAtMs: 0,
    ...localMachine,
    lastHeartbeatAtMs: 0,
    reachable: true,
    drain: { state: 'active' },
    load: {
      workers: [{ index: 0, cpu: 0.5, packetsPerSecond: 10, meetings: 1, consumers: 2, streams: 2 }],
      processCpu: 0.1,
      egressBps: null,
      rssBytes: 1,
      participants: 0,
      stress: 0.25,
    },
    meetings: [],
    ...change,
  };
}

export function meeting(meetingId: string, change: Partial<MeetingView> = {}): MeetingView {
  return {
    meetingId,
    nodeId: 'n1',
    epoch: 1,
    movingTo: null,
    participants: 2,
    paths: {},
    poorPaths: 0,
    createdAtMs: 0,
    startsAtMs: null,
    expectedParticipants: null,
    ...change,
  };
}
