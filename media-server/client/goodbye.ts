/** The part of an RTCDtlsTransport that is used here. */
interface Dtls extends EventTarget {
  readonly state: string;
}

const heard = new WeakSet<Dtls>();

/**
 * Calls `then` when the other end has closed this transport: DTLS says goodbye on the way of the media, whatever became of
 * signalling. The `connectionState` of WebRTC says nothing of it: it stays `connected` until ICE gives up. Once for each
 * transport, however many streams it carries.
 */
export function onGoodbye(dtls: Dtls | null | undefined, then: () => void): void {
  if (!dtls || heard.has(dtls)) return;
  heard.add(dtls);
  const look = () => {
    if (dtls.state === 'closed') then();
  };
  dtls.addEventListener('statechange', look);
  look();
}
