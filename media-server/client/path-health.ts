/** How the network path of one transport is, from its connection states. Pure. */
export interface PathHealth {
  /**
   * unused: nothing has been sent or received yet, so nothing connects. broken: it was connected, or tried to be, and is
   * not; it stays so until it is connected again, whatever it goes through meanwhile.
   */
  readonly state: 'unused' | 'connecting' | 'connected' | 'broken';
  readonly sinceMs: number;
}

/** A first connection that takes longer is as good as a broken one. */
const CONNECT_LIMIT_MS = 10_000;

export const unusedPath = (nowMs: number): PathHealth => ({ state: 'unused', sinceMs: nowMs });

/** @param connectionState as WebRTC names it */
export function pathAfter(path: PathHealth, connectionState: string, nowMs: number): PathHealth {
  const next = stateAfter(path.state, connectionState);
  return next === path.state ? path : { state: next, sinceMs: nowMs };
}

function stateAfter(state: PathHealth['state'], connectionState: string): PathHealth['state'] {
  switch (connectionState) {
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

/** Since when this path is broken; undefined: it is not. */
export function brokenSinceMs({ state, sinceMs }: PathHealth, nowMs: number): number | undefined {
  if (state === 'broken') return sinceMs;
  return state === 'connecting' && nowMs - sinceMs >= CONNECT_LIMIT_MS ? sinceMs : undefined;
}

/** Whether media can flow nowhere, though it should: some path is broken and none is connected. */
export function nothingFlows(paths: readonly PathHealth[], nowMs: number): boolean {
  if (paths.some(({ state }) => state === 'connected')) return false;
  return paths.some((path) => brokenSinceMs(path, nowMs) !== undefined);
}
