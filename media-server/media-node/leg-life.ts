/**
 * How long a leg lives, decided by the node alone, from what it sees of the media. A gateway that says goodbye only hastens
 * the end; one that is gone, or has lost track, changes nothing. All times are of the node's awake time, in ms.
 */

/** How one of the two transports is. `unused`: never connected. `interrupted`: its ICE consent is gone. */
export type PathState = 'unused' | 'connected' | 'interrupted' | 'failed';
export type PathName = 'send' | 'recv';

type Phase =
  /** Opened; its client has not said a word yet. */
  | { readonly state: 'announced'; readonly sinceMs: number }
  /** Its client is there, and there is nothing to send or to receive. Only its gateway can say that it lives. */
  | { readonly state: 'idle'; readonly sinceMs: number }
  /** There is something to send or to receive, and no transport is connected yet. */
  | { readonly state: 'connecting'; readonly sinceMs: number }
  | { readonly state: 'flowing' }
  | { readonly state: 'interrupted'; readonly sinceMs: number }
  /** Of no more use: its participant needs a new one. */
  | { readonly state: 'broken'; readonly sinceMs: number; readonly reason: string }
  /** To be closed now. */
  | { readonly state: 'over'; readonly reason: string };

export type LegLife = Phase & {
  readonly paths: Readonly<Record<PathName, PathState>>;
  /** Since when no connection speaks for it; undefined: one does. */
  readonly alone: number | undefined;
};

export type LegEvent =
  /** The client has loaded its device. */
  | { readonly type: 'ready' }
  /** Something was published, or offered to be received. */
  | { readonly type: 'wanted' }
  | { readonly type: 'path'; readonly path: PathName; readonly state: PathState }
  | { readonly type: 'attached' }
  | { readonly type: 'detached' }
  /** `resumeMs`: how long a participant without a WebSocket may come back. */
  | { readonly type: 'tick'; readonly resumeMs: number };

/** A first connection takes less than two seconds; on a bad network, with a TURN server, some more. */
const CONNECT_LIMIT_MS = 20_000;
/** mediasoup has heard no ICE check for its consent timeout by then; the client restarts ICE within this time. */
const INTERRUPTED_LIMIT_MS = 5000;
/** A broken leg waits this long for its successor, which then replaces it without anybody leaving. */
const REPLACED_WITHIN_MS = 10_000;
/** Nothing but a gateway can say that an idle leg lives: as long as a participant may take to come back, and this much more. */
const IDLE_ALONE_MARGIN_MS = 5000;

export function newLegLife(nowMs: number): LegLife {
  return {
    state: 'announced',
    sinceMs: nowMs,
    paths: { send: 'unused', recv: 'unused' },
    alone: nowMs,
  };
}

/** Somebody is connected to it now. */
export function mediaFlows({ state, paths }: LegLife): boolean {
  if (state === 'broken' || state === 'over') return false;
  return paths.send === 'connected' || paths.recv === 'connected';
}

export function nextLegLife(life: LegLife, event: LegEvent, nowMs: number): LegLife {
  const facts = nextFacts(life, event, nowMs);
  return { ...nextPhase(life, facts, event, nowMs), ...facts };
}

type Facts = Pick<LegLife, 'paths' | 'alone'>;

function nextFacts({ paths, alone }: LegLife, event: LegEvent, nowMs: number): Facts {
  switch (event.type) {
    case 'path':
      return { paths: { ...paths, [event.path]: event.state }, alone };
    case 'attached':
      return { paths, alone: undefined };
    case 'detached':
      return { paths, alone: alone ?? nowMs };
    default:
      return { paths, alone };
  }
}

function nextPhase(life: LegLife, facts: Facts, event: LegEvent, nowMs: number): Phase {
  const phase = phaseOf(life);
  if (phase.state === 'over') return phase;
  if (phase.state === 'broken') {
    const waited = nowMs - phase.sinceMs >= REPLACED_WITHIN_MS;
    return waited ? { state: 'over', reason: phase.reason } : phase;
  }
  const broken = (reason: string): Phase => ({ state: 'broken', sinceMs: nowMs, reason });
  switch (event.type) {
    case 'path':
      return byPaths(phase, facts, nowMs);
    case 'ready':
      return phase.state === 'announced' ? { state: 'idle', sinceMs: nowMs } : phase;
    case 'wanted':
      return phase.state === 'announced' || phase.state === 'idle'
        ? { state: 'connecting', sinceMs: nowMs }
        : phase;
    case 'tick':
      switch (phase.state) {
        case 'announced':
          return nowMs - phase.sinceMs < CONNECT_LIMIT_MS ? phase : broken('its client has not answered');
        case 'connecting':
          return nowMs - phase.sinceMs < CONNECT_LIMIT_MS ? phase : broken('it has never connected');
        case 'interrupted':
          return nowMs - phase.sinceMs < INTERRUPTED_LIMIT_MS ? phase : broken('its ICE consent is gone');
        case 'idle':
          return facts.alone !== undefined && nowMs - facts.alone >= event.resumeMs + IDLE_ALONE_MARGIN_MS
            ? { state: 'over', reason: 'nobody speaks for it' }
            : phase;
        case 'flowing':
          return phase;
      }
      break;
    default:
      return phase;
  }
}

/** Half a leg is of no use, so the worse one of the two decides; one that was never used does not count. */
function byPaths(phase: Phase, { paths }: Facts, nowMs: number): Phase {
  const states = [paths.send, paths.recv];
  if (states.includes('failed')) return { state: 'broken', sinceMs: nowMs, reason: 'a transport has failed' };
  if (states.includes('interrupted')) {
    return phase.state === 'interrupted' ? phase : { state: 'interrupted', sinceMs: nowMs };
  }
  return states.includes('connected') ? { state: 'flowing' } : phase;
}

/** The phase without the facts beside it. */
function phaseOf({ paths: _, alone: __, ...phase }: LegLife): Phase {
  return phase;
}
