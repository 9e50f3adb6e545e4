import { beforeEach, describe, expect, it } from 'vitest';
import { trackOf } from '../../media-server/web/lib/capture.ts';
import { type CaptureDevices, LocalMedia } from '../../media-server/web/lib/local-media.ts';
import type { Remembered } from '../../media-server/web/lib/remembered.ts';
import { emptyMemory, FakeTrack } from './fakes.ts';

const named = (name: string) => Object.assign(new Error(name), { name });

/** A computer with some devices; asking for what it has not fails as in a browser. */
class FakeDevices implements CaptureDevices {
  cameras = ['cam-1', 'cam-2'];
  microphones = ['mic-1'];
  refuse: string | undefined;
  readonly asked: MediaStreamConstraints[] = [];
  readonly given: FakeTrack[] = [];
  readonly listeners = new Set<() => void>();
  /** While set, answers wait for it. */
  gate: Promise<void> | undefined;

  async getUserMedia(constraints: MediaStreamConstraints) {
    this.asked.push(constraints);
    await this.gate;
    if (this.refuse !== undefined) throw named(this.refuse);
    return this.#stream(
      constraints.audio === undefined ? [] : [this.#open(this.microphones, constraints.audio, 'audio')],
      constraints.video === undefined ? [] : [this.#open(this.cameras, constraints.video, 'video')],
    );
  }

  async getDisplayMedia() {
    if (this.refuse !== undefined) throw named(this.refuse);
    return this.#stream([this.#give('screen-audio', 'audio')], [this.#give('screen', 'video')]);
  }

  async enumerateDevices() {
    const cameras = this.cameras.map((deviceId) => ({ deviceId, kind: 'videoinput' as const, label: '' }));
    const microphones = this.microphones.map((deviceId) => ({
      deviceId,
      kind: 'audioinput' as const,
      label: deviceId,
    }));
    return [...cameras, ...microphones];
  }

  addEventListener(_: 'devicechange', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_: 'devicechange', listener: () => void): void {
    this.listeners.delete(listener);
  }

  #open(have: readonly string[], wanted: boolean | MediaTrackConstraints, kind: string): FakeTrack {
    const [first] = have;
    if (first === undefined) throw named('NotFoundError');
    const exact =
      typeof wanted === 'object' && typeof wanted.deviceId === 'object' && 'exact' in wanted.deviceId;
    const id = exact ? String(Object.values(Object(wanted.deviceId))[0]) : first;
    if (!have.includes(id)) throw named('OverconstrainedError');
    return this.#give(id, kind);
  }

  #give(id: string, kind: string): FakeTrack {
    const track = new FakeTrack(id, kind);
    this.given.push(track);
    return track;
  }

  #stream(audio: FakeTrack[], video: FakeTrack[]) {
    return { getAudioTracks: () => audio, getVideoTracks: () => video };
  }
}

let devices: FakeDevices;
let memory: Remembered;
let media: LocalMedia;
beforeEach(() => {
  devices = new FakeDevices();
  memory = emptyMemory();
  media = new LocalMedia(devices, memory);
});
const running = () => devices.given.filter((track) => track.readyState === 'live').map((track) => track.id);

describe('LocalMedia', () => {
  it('asks once for camera and microphone together, and lists what there is', async () => {
    await media.start();
    expect(devices.asked).toHaveLength(1);
    expect(media.view.microphone.state).toBe('on');
    expect(media.view.camera.state).toBe('on');
    expect(media.view.cameras.map(({ label }) => label)).toEqual(['Camera 1', 'Camera 2']);
    expect(media.view.microphones).toEqual([{ deviceId: 'mic-1', label: 'mic-1' }]);
  });

  it('asks for 640x360 at 24 pictures a second', async () => {
    await media.start();
    expect(devices.asked[0]?.video).toMatchObject({
      width: { ideal: 640 },
      height: { ideal: 360 },
      frameRate: { ideal: 24 },
    });
  });

  it('starts the one when the other is missing', async () => {
    devices.cameras = [];
    await media.start();
    expect(media.view.microphone.state).toBe('on');
    expect(media.view.camera).toMatchObject({ state: 'failed', problem: { trouble: 'not-found' } });
  });

  it('takes any device when the remembered one is not there today, and forgets it', async () => {
    memory.set('camera', 'cam-9');
    await media.start();
    expect(trackOf(media.view.camera)?.id).toBe('cam-1');
    expect(memory.get('camera')).toBeUndefined();
  });

  it('remembers a chosen device, and lets the old one run until the new one does', async () => {
    await media.start();
    const change = media.turnOn('camera', 'cam-2');
    expect(trackOf(media.view.camera)?.id).toBe('cam-1');
    await change;
    expect(trackOf(media.view.camera)?.id).toBe('cam-2');
    expect(memory.get('camera')).toBe('cam-2');
    expect(running()).toEqual(['mic-1', 'cam-2']);
  });

  it('really turns the camera off', async () => {
    await media.start();
    media.turnOff('camera');
    expect(running()).toEqual(['mic-1']);
  });

  it('stops a device that comes after it was turned off again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    devices.gate = promise;
    const starting = media.start();
    media.turnOff('camera');
    resolve();
    await starting;
    expect(media.view.camera.state).toBe('off');
    expect(running()).toEqual(['mic-1']);
  });

  it('says when a device is unplugged', async () => {
    await media.start();
    devices.given.find((track) => track.kind === 'video')?.unplug();
    expect(media.view.camera).toMatchObject({ state: 'failed', problem: { trouble: 'unplugged' } });
  });

  it('leaves nothing running and nobody listening after close, and starts again as it was left', async () => {
    await media.start();
    media.turnOff('camera');
    await media.shareScreen();
    media.close();
    media.close();
    expect(running()).toEqual([]);
    expect(devices.listeners.size).toBe(0);
    await media.start();
    expect(running()).toEqual(['mic-1']);
  });

  it('shares the screen with its sound until the browser ends it, without a fuss', async () => {
    await media.shareScreen();
    expect(media.view.screen).toMatchObject({ state: 'on', audio: { id: 'screen-audio' } });
    devices.given.find((track) => track.id === 'screen')?.unplug();
    expect(media.view.screen.state).toBe('off');
    expect(running()).toEqual([]);
  });

  it('does not call a cancelled dialog a failure', async () => {
    devices.refuse = 'NotAllowedError';
    await media.shareScreen();
    expect(media.view.screen.state).toBe('off');
  });

  it('says that a page without devices needs a secure connection', async () => {
    const insecure = new LocalMedia(undefined, memory);
    await insecure.start();
    expect(insecure.view.camera).toMatchObject({ state: 'failed', problem: { trouble: 'insecure' } });
    expect(insecure.canShare).toBe(false);
  });

  it('forgets a problem that was read', async () => {
    devices.refuse = 'NotAllowedError';
    await media.start();
    media.dismiss(['camera', 'microphone']);
    expect(media.view.camera.state).toBe('off');
    expect(media.view.microphone.state).toBe('off');
  });
});
