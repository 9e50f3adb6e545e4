import { useEffect, useRef } from 'react';
import type { RemoteParticipantView } from '../../../client/types.ts';

interface RemoteVideoProps {
  readonly participant: RemoteParticipantView;
  readonly source: 'camera' | 'screen';
}

/**
 * A place for the SDK's video elements, which exchanges them under way when the meeting moves. The place stays attached
 * as long as it is there: a view is a new object whenever a stream changes, but means the same participant.
 */
export function RemoteVideo({ participant, source }: RemoteVideoProps) {
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(participant);
  useEffect(() => {
    latest.current = participant;
  });
  useEffect(() => {
    return container.current === null ? undefined : latest.current.attach(source, container.current);
  }, [source]);
  return <div className={`remote-video remote-video-${source}`} ref={container} />;
}
