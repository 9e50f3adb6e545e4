import type { DeviceProblem } from './media-problem.ts';

/** One of the own sources: whether it runs, and if not, why. */
export type Capture =
  | { readonly state: 'off' }
  | { readonly state: 'starting' }
  | { readonly state: 'on'; readonly track: MediaStreamTrack; readonly audio?: MediaStreamTrack }
  | { readonly state: 'failed'; readonly problem: DeviceProblem };

export interface DeviceChoice {
  readonly deviceId: string;
  readonly label: string;
}

export function trackOf(capture: Capture): MediaStreamTrack | undefined {
  return capture.state === 'on' ? capture.track : undefined;
}

/** What nodes are sized for: 640x360 at 24 pictures a second. A camera may give more only if it cannot give this. */
export function cameraConstraints(deviceId: string | undefined): MediaTrackConstraints {
  return {
    ...exactly(deviceId),
    width: { ideal: 640 },
    height: { ideal: 360 },
    frameRate: { ideal: 24, max: 30 },
  };
}

export function microphoneConstraints(deviceId: string | undefined): MediaTrackConstraints {
  return { ...exactly(deviceId), echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

/** Text must be legible and slides change rarely: full size, few pictures. */
export const screenOptions: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 15, max: 30 } },
  audio: true,
};

function exactly(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId === undefined ? {} : { deviceId: { exact: deviceId } };
}

export type DeviceInfo = Pick<MediaDeviceInfo, 'deviceId' | 'kind' | 'label'>;

/** Labels are empty until a permission is given; then the devices are numbered. */
export function choicesOf(devices: readonly DeviceInfo[], kind: MediaDeviceKind): readonly DeviceChoice[] {
  const word = kind === 'audioinput' ? 'Microphone' : 'Camera';
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => ({ deviceId: device.deviceId, label: device.label || `${word} ${index + 1}` }));
}
