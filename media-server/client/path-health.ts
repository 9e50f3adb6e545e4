/** How the network path of one transport is, from its connection states. Pure. */
export interface PathHealth {
  /**
   * unused: nothing has been sent or received yet, so nothing connects. broken: it was connected, or tried to be, and is
   * not; it stays so until it is connected again, whatever it goes through meanwhile. ended: the node has closed its end, so
   * that no ICE restart brings it back.
   */
  readonly state: 'unused' | 'connecting' | 'connected' | 'broken' | 'ended';
  readonly sinceMs: number;
}

/** A first connection that takes longer is as good as a broken one. */
const CONNECT_LIMIT_MS = 10_000;

export const unusedPath = (nowMs: number): PathHealth => ({ state: 'unused', sinceMs: nowMs });

/** @param connectionState as WebRTC names it, or `ended` */
export function pathAfter(path: PathHealth, connectionState: string, nowMs: number): PathHealth {
  const next = stateAfter(path.state, connectionState);
  return next === path.state ? path : { state: next, sinceMs: nowMs };
}

function stateAfter(state: PathHealth['state'], connectionState: string): PathHealth['state'] {
  if (state === 'ended') return state;
  switch (connectionState) {
    case 'ended':
      return 'ended';
    case 'connected':
      return 'connected';
    case 'disconnected':
    case 'failed':
      return 'broken';
    case 'connecting':
      // An ICE restart under way: nothing flows yet.
      return state === 'broken' ? 'broken' : 'connecting';
    default:
      return state;
  }
}

/** Since when this path is broken or ended; undefined: it is not. */
export function brokenSinceMs({ state, sinceMs }: PathHealth, nowMs: number): number | undefined {
  if (state === 'broken' || state === 'ended') return sinceMs;
  return state === 'connecting' && nowMs - sinceMs >= CONNECT_LIMIT_MS ? sinceMs : undefined;
}

export const endedSinceMs = ({ state, sinceMs }: PathHealth): number | undefined =>
  state === 'ended' ? sinceMs : undefined;

/** Whether media can flow nowhere, though it should: some path is broken and none is connected. */
export function nothingFlows(paths: readonly PathHealth[], nowMs: number): boolean {
  if (paths.some(({ state }) => state === 'connected')) return false;
  return paths.some((path) => brokenSinceMs(path, nowMs) !== undefined);
}
