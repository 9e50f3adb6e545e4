import {
  type Capture,
  cameraConstraints,
  choicesOf,
  type DeviceChoice,
  type DeviceInfo,
  microphoneConstraints,
  screenOptions,
} from './capture.ts';
import {
  type CaptureSource,
  type DeviceProblem,
  deviceProblem,
  InsecureContextError,
  unplugged,
} from './media-problem.ts';
import type { Remembered } from './remembered.ts';
import { Signal } from './signal.ts';

type CapturedStream = Pick<MediaStream, 'getAudioTracks' | 'getVideoTracks'>;

/** What of `navigator.mediaDevices` is used. */
export interface CaptureDevices {
  getUserMedia(constraints: MediaStreamConstraints): Promise<CapturedStream>;
  getDisplayMedia?(options: DisplayMediaStreamOptions): Promise<CapturedStream>;
  enumerateDevices(): Promise<readonly DeviceInfo[]>;
  addEventListener(type: 'devicechange', listener: () => void): void;
  removeEventListener(type: 'devicechange', listener: () => void): void;
}

type Device = 'microphone' | 'camera';

export interface LocalMediaView {
  readonly microphone: Capture;
  readonly camera: Capture;
  readonly screen: Capture;
  /** The microphone stays open while muted, so that unmuting is immediate. */
  readonly muted: boolean;
  readonly microphones: readonly DeviceChoice[];
  readonly cameras: readonly DeviceChoice[];
}

const allOff = { microphone: { state: 'off' }, camera: { state: 'off' }, screen: { state: 'off' } } as const;

/**
 * The own camera, microphone and screen. A camera that is off is really off (its light too); what the user last wanted
 * survives `close()`, so that rejoining starts as they left.
 */
export class LocalMedia {
  readonly #devices: CaptureDevices | undefined;
  readonly #remembered: Remembered;
  readonly #view: Signal<LocalMediaView>;
  readonly #wanted: Record<Device, boolean> = { microphone: true, camera: true };
  /** Counts the requests for each source: an answer that comes after a newer request is thrown away. */
  readonly #attempts: Record<CaptureSource, number> = { microphone: 0, camera: 0, screen: 0 };
  #started: Promise<void> | undefined;

  /** @param devices `navigator.mediaDevices`; undefined where the browser offers none */
  constructor(devices: CaptureDevices | undefined, remembered: Remembered) {
    this.#devices = devices;
    this.#remembered = remembered;
    this.#view = new Signal({ ...allOff, muted: false, microphones: [], cameras: [] });
  }

  get view(): LocalMediaView {
    return this.#view.value;
  }

  /** Telephones cannot share their screen from a web page. */
  get canShare(): boolean {
    return this.#devices?.getDisplayMedia !== undefined;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  /** Starts what is wanted and settles when each source runs or has failed. Idempotent until `close`. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Stops everything: no light of a camera stays on. Idempotent; `start` may follow. */
  close(): void {
    this.#started = undefined;
    this.#devices?.removeEventListener('devicechange', this.#refreshDevices);
    for (const source of ['microphone', 'camera', 'screen'] as const) this.#stop(source);
  }

  async turnOn(source: Device, deviceId?: string): Promise<void> {
    this.#wanted[source] = true;
    if (deviceId !== undefined) this.#remembered.set(source, deviceId);
    await this.#capture([source]);
  }

  turnOff(source: Device): void {
    this.#wanted[source] = false;
    this.#stop(source);
  }

  setMuted(muted: boolean): void {
    this.#update({ muted });
  }

  /** Must be called from a click. Cancelling the browser's dialog is no failure. */
  async shareScreen(): Promise<void> {
    const attempt = this.#begin('screen');
    try {
      const stream = await this.#required().getDisplayMedia?.(screenOptions);
      if (stream === undefined) return this.#settle('screen', attempt, { state: 'off' });
      const [track] = stream.getVideoTracks();
      const [audio] = stream.getAudioTracks();
      if (track !== undefined) this.#take('screen', attempt, track, audio);
    } catch (error) {
      const cancelled =
        error instanceof Error && error.name === 'NotAllowedError' && !/system/i.test(error.message);
      if (cancelled) this.#settle('screen', attempt, { state: 'off' });
      else this.#fail('screen', attempt, deviceProblem(error));
    }
  }

  stopSharing(): void {
    this.#stop('screen');
  }

  /** The user has read what went wrong. */
  dismiss(sources: readonly CaptureSource[]): void {
    for (const source of sources) {
      if (this.view[source].state === 'failed') this.#update({ [source]: { state: 'off' } });
    }
  }

  async #start(): Promise<void> {
    this.#devices?.addEventListener('devicechange', this.#refreshDevices);
    const sources = (['microphone', 'camera'] as const).filter((source) => this.#wanted[source]);
    // One question to the user for both; asked apart only when together they fail (one of them may be missing).
    if (sources.length > 0) await this.#capture(sources);
  }

  async #capture(sources: readonly Device[]): Promise<void> {
    const attempts = sources.map((source) => ({ source, attempt: this.#begin(source) }));
    try {
      const stream = await this.#open(sources);
      for (const { source, attempt } of attempts) {
        const [track] = source === 'camera' ? stream.getVideoTracks() : stream.getAudioTracks();
        if (track !== undefined) this.#take(source, attempt, track);
      }
    } catch (error) {
      if (sources.length > 1) {
        const open = attempts.filter(({ source, attempt }) => this.#attempts[source] === attempt);
        for (const { source } of open) await this.#capture([source]);
      } else {
        for (const { source, attempt } of attempts) this.#fail(source, attempt, deviceProblem(error));
      }
    }
    await this.#refreshDevices();
  }

  async #open(sources: readonly Device[]): Promise<CapturedStream> {
    const devices = this.#required();
    const request = (camera: string | undefined, microphone: string | undefined) =>
      devices.getUserMedia({
        ...(sources.includes('camera') ? { video: cameraConstraints(camera) } : {}),
        ...(sources.includes('microphone') ? { audio: microphoneConstraints(microphone) } : {}),
      });
    try {
      return await request(this.#remembered.get('camera'), this.#remembered.get('microphone'));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'OverconstrainedError') throw error;
      // The remembered device is not there today: any other will do, and the old choice is forgotten.
      for (const source of sources) this.#remembered.set(source, undefined);
      return request(undefined, undefined);
    }
  }

  #required(): CaptureDevices {
    if (this.#devices === undefined) throw new InsecureContextError('navigator.mediaDevices is missing');
    return this.#devices;
  }

  #begin(source: CaptureSource): number {
    this.#attempts[source] += 1;
    // A running track is kept until its successor is there: changing the camera leaves no hole.
    if (this.view[source].state !== 'on') this.#update({ [source]: { state: 'starting' } });
    return this.#attempts[source];
  }

  #take(source: CaptureSource, attempt: number, track: MediaStreamTrack, audio?: MediaStreamTrack): void {
    if (this.#attempts[source] !== attempt) {
      track.stop();
      audio?.stop();
      return;
    }
    // `ended` comes only when the device or the browser ends the track, never from our own stop().
    track.addEventListener('ended', () => this.#ended(source, track), { once: true });
    const previous = this.view[source];
    this.#update({ [source]: { state: 'on', track, ...(audio === undefined ? {} : { audio }) } });
    stopTracks(previous);
  }

  #ended(source: CaptureSource, track: MediaStreamTrack): void {
    const now = this.view[source];
    if (now.state !== 'on' || now.track !== track) return;
    this.#attempts[source] += 1;
    stopTracks(now);
    // A screen is ended by the browser's own "stop sharing" bar; nothing needs to be said about that.
    this.#update({
      [source]: source === 'screen' ? { state: 'off' } : { state: 'failed', problem: unplugged },
    });
  }

  #fail(source: CaptureSource, attempt: number, problem: DeviceProblem): void {
    if (this.#attempts[source] !== attempt) return;
    stopTracks(this.view[source]);
    this.#settle(source, attempt, { state: 'failed', problem });
  }

  #settle(source: CaptureSource, attempt: number, capture: Capture): void {
    if (this.#attempts[source] === attempt) this.#update({ [source]: capture });
  }

  #stop(source: CaptureSource): void {
    this.#attempts[source] += 1;
    const previous = this.view[source];
    if (previous.state === 'off') return;
    this.#update({ [source]: { state: 'off' } });
    stopTracks(previous);
  }

  readonly #refreshDevices = async (): Promise<void> => {
    if (this.#devices === undefined) return;
    const devices = await this.#devices.enumerateDevices().catch(() => []);
    this.#update({
      microphones: choicesOf(devices, 'audioinput'),
      cameras: choicesOf(devices, 'videoinput'),
    });
  };

  #update(change: Partial<LocalMediaView>): void {
    this.#view.set({ ...this.#view.value, ...change });
  }
}

function stopTracks(capture: Capture): void {
  if (capture.state !== 'on') return;
  capture.track.stop();
  capture.audio?.stop();
}
