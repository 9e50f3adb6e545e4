import { useMemo } from 'react';
import type { LocalMedia } from '../../lib/local-media.ts';
import { useView } from '../../lib/use-view.ts';

export interface OwnControls {
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly sharing: boolean;
  readonly canShare: boolean;
  readonly toggleMicrophone: () => void;
  readonly toggleCamera: () => void;
  readonly toggleScreen: () => void;
}

/** What the buttons and the keys of a call do to the own devices. */
export function useOwnControls(media: LocalMedia): OwnControls {
  const { microphone, camera, screen, muted } = useView(media);
  const actions = useMemo(
    () => ({
      toggleMicrophone: () => toggleMicrophone(media),
      toggleCamera: () => toggleCamera(media),
      toggleScreen: () => toggleScreen(media),
    }),
    [media],
  );
  return {
    ...actions,
    microphoneOn: microphone.state === 'on' && !muted,
    cameraOn: camera.state === 'on' || camera.state === 'starting',
    sharing: screen.state === 'on',
    canShare: media.canShare,
  };
}

function toggleMicrophone(media: LocalMedia): void {
  const { microphone, muted } = media.view;
  const running = microphone.state === 'on' || microphone.state === 'starting';
  media.setMuted(running && !muted);
  if (!running) void media.turnOn('microphone');
}

function toggleCamera(media: LocalMedia): void {
  const { state } = media.view.camera;
  if (state === 'on' || state === 'starting') media.turnOff('camera');
  else void media.turnOn('camera');
}

function toggleScreen(media: LocalMedia): void {
  if (media.view.screen.state === 'on') media.stopSharing();
  else if (media.canShare) void media.shareScreen();
}
