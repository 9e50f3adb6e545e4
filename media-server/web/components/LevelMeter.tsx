import { useEffect, useRef, useState } from 'react';
import { watchLevel } from '../lib/level.ts';
import './level-meter.css';

interface LevelMeterProps {
  /** undefined: there is nothing to measure, because it is off or muted. */
  readonly track: MediaStreamTrack | undefined;
}

const AUDIBLE = 0.25;

/** Shows how loud the own microphone is. */
export function LevelMeter({ track }: LevelMeterProps) {
  const bar = useRef<HTMLDivElement>(null);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    setHeard(false);
    if (track === undefined) return;
    const stop = watchLevel(track, (level) => {
      bar.current?.style.setProperty('--level', level.toFixed(2));
      if (level > AUDIBLE) setHeard(true);
    });
    return () => {
      stop();
      bar.current?.style.setProperty('--level', '0');
    };
  }, [track]);
  return (
    <div className="level-meter">
      <div className="level-meter-track" ref={bar} aria-hidden="true">
        <div className="level-meter-bar" />
      </div>
      <p>{words(track !== undefined, heard)}</p>
    </div>
  );
}

function words(measuring: boolean, heard: boolean): string {
  if (!measuring) return 'Nobody can hear you.';
  return heard ? 'Your microphone works.' : 'Say something to try the microphone.';
}
