import type { IceServer } from '../protocol/values.ts';

const urlsOf = (servers: readonly IceServer[]) => servers.flatMap(({ urls }) => urls);

/** Whether a server that this leg may be relayed by is not to be used any more. New credentials alone change no path. */
export function losesServer(before: readonly IceServer[], after: readonly IceServer[]): boolean {
  const left = new Set(urlsOf(after));
  return urlsOf(before).some((url) => /^turns?:/.test(url) && !left.has(url));
}
