import type { IceServer } from '../protocol/values.ts';

const isTurn = (url: string) => /^turns?:/.test(url);
const turnUrlsOf = (servers: readonly IceServer[]) => servers.flatMap(({ urls }) => urls).filter(isTurn);

/** Nobody has this name, so that nothing is ever sent there. */
const NOBODY = 'turn:nobody.invalid:9?transport=tcp';

/** Whether a server that this leg may be relayed by is not to be used any more. New credentials alone change no path. */
export function losesServer(before: readonly IceServer[], after: readonly IceServer[]): boolean {
  const left = new Set(turnUrlsOf(after));
  return turnUrlsOf(before).some((url) => url !== NOBODY && !left.has(url));
}

/**
 * `after`, with at least as many TURN addresses as `before`. libwebrtc ranks relays by their place, counted from the end of the
 * list: through a shorter one every new path would rank below the old one, and be thrown away in favour of it while that
 * still works, which is just what an ICE restart away from it must not do. Of equal paths the newer one wins.
 */
export function rankedOver(before: readonly IceServer[], after: readonly IceServer[]): IceServer[] {
  const missing = turnUrlsOf(before).length - turnUrlsOf(after).length;
  if (missing <= 0) return [...after];
  return [...after, { urls: Array<string>(missing).fill(NOBODY), username: 'nobody', credential: 'nobody' }];
}
