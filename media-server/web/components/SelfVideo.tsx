import { useCallback } from 'react';
import './self-video.css';

/** The own camera, mirrored as people know themselves. */
export function SelfVideo({ track, label }: { readonly track: MediaStreamTrack; readonly label: string }) {
  const ref = useCallback(
    (video: HTMLVideoElement | null) => {
      if (video === null) return;
      video.srcObject = new MediaStream([track]);
      return () => {
        video.srcObject = null;
      };
    },
    [track],
  );
  return <video className="self-video" ref={ref} autoPlay muted playsInline aria-label={label} />;
}
