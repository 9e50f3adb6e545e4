import type { LegReason } from '../protocol/signalling.ts';
import type { MediaPath, MediaSource } from '../protocol/values.ts';
import type { PathView } from './path-quality.ts';

export type { MediaPath } from '../protocol/values.ts';
export type { PathView } from './path-quality.ts';

/** What the SDK's user sees. Nobody needs to know that meetings move; the events tell whoever wants to. */

export interface JoinOptions {
  /** Base address of the control plane, e.g. "https://meet.example.org"; default: where the page came from. */
  readonly url?: string;
  /**
   * The participant's token from `POST /v1/meetings/{id}/tokens`, or a function that gets one. A token is good for one
   * entry; with a function the SDK can try again, and enter anew when the server has forgotten the session (restarted
   * without its memory, or away for too long) while others are still seen and heard. With a token alone the meeting is
   * left then (`expired`).
   */
  readonly token: string | (() => Promise<string>);
  /** Tracks to publish from the start; they stay the caller's: leaving does not stop them. */
  readonly tracks?: { readonly microphone?: MediaStreamTrack; readonly camera?: MediaStreamTrack };
  /** Start muted: published, but nothing is sent. */
  readonly muted?: { readonly microphone?: boolean; readonly camera?: boolean };
  /** Giving up the joining: `joinMeeting` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Tries out a network: the browser is offered this path alone. */
  readonly onlyPath?: MediaPath;
  /** What the SDK does, for the page's own log; there is nothing secret in it. */
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * joining → connected; connected ⇄ reconnecting (signalling lost, media flows on); connected ⇄ recovering (sound and
 * picture are interrupted: the media node is gone or cannot be reached, another way is being sought); anything → left.
 */
export type MeetingState = 'joining' | 'connected' | 'reconnecting' | 'recovering' | 'left';

export interface RemoteStreamView {
  readonly source: MediaSource;
  /** Sent and not muted by its sender. */
  readonly active: boolean;
}

export interface RemoteParticipantView {
  readonly id: string;
  readonly displayName: string;
  readonly streams: ReadonlyMap<MediaSource, RemoteStreamView>;
  /**
   * Shows a video source in this container, which the SDK fills (position: relative) with its own <video> elements:
   * one visible, with `data-participant` = the display name and `data-source`; during a switch a second one underneath.
   * @returns detaches again.
   */
  attach(source: 'camera' | 'screen', container: HTMLElement): () => void;
}

export interface LeaveReason {
  /**
   * left: by oneself. refused: never got in. replaced: the same participant has joined from another page. removed: by
   * the application or an operator. ended: the server has ended the participation. expired: away for too long. failed: a fault.
   */
  readonly code: 'left' | 'refused' | 'replaced' | 'removed' | 'ended' | 'expired' | 'failed';
  readonly message: string;
}

export interface MeetingEvents {
  stateChanged: (state: MeetingState) => void;
  /** Media goes another way, or people begin or cease to notice that it is bad. */
  pathChanged: (path: PathView) => void;
  /** Anything about the participants or their streams has changed: read `participants` again. */
  participantsChanged: () => void;
  participantJoined: (participant: RemoteParticipantView) => void;
  participantLeft: (participant: RemoteParticipantView) => void;
  /** Own microphone, camera or screen changed. */
  localChanged: () => void;
  /** The browser wants a click before sound may play. */
  soundBlocked: (blocked: boolean) => void;
  /** A second leg is being opened; nothing is visible of it. */
  moveStarted: (move: { readonly nodeId: string; readonly reason: LegReason }) => void;
  /** The meeting now lives on another node. */
  moveFinished: (move: {
    readonly nodeId: string;
    readonly reason: LegReason;
    readonly durationMs: number;
  }) => void;
  /** One stream is now seen or heard from another leg. */
  streamSwitched: (event: StreamSwitch) => void;
  left: (reason: LeaveReason) => void;
}

/** One switch of one stream, for diagnostics; times are `performance.timeOrigin + performance.now()` in ms. */
export interface StreamSwitch {
  readonly participantId: string;
  readonly displayName: string;
  readonly source: MediaSource;
  readonly reason: LegReason;
  readonly legId: string;
  readonly nodeId: string;
  readonly consumerAtMs: number;
  readonly firstFrameAtMs: number | undefined;
  readonly switchedAtMs: number;
  /** `steady` is the rule; `timeout`: swapped though not steady; `first-frame`: recovery; `unseen`: shown nowhere;
   * `muted`: nothing is sent. */
  readonly how: 'steady' | 'timeout' | 'first-frame' | 'unseen' | 'muted';
}

/** What is measured of one remote stream, now. */
export interface StreamDiagnostics {
  readonly participantId: string;
  readonly displayName: string;
  readonly source: MediaSource;
  readonly legId: string;
  readonly nodeId: string;
  /** Audible concealment of the played leg so far, in ms (concealed minus silently concealed samples); audio only. */
  readonly concealedMs: number | undefined;
  /** The same since this leg became audible. */
  readonly concealedSinceSwitchMs: number | undefined;
  readonly framesDecoded: number | undefined;
  readonly frameWidth: number | undefined;
  readonly bytesReceived: number | undefined;
  readonly packetsReceived: number | undefined;
  readonly packetsLost: number | undefined;
}

export interface LegDiagnostics {
  readonly legId: string;
  readonly nodeId: string;
  readonly reason: LegReason;
  readonly current: boolean;
  readonly sendState: string;
  readonly recvState: string;
  /** From the candidate pair in use; undefined: none yet. */
  readonly path: MediaPath | undefined;
  /** Every way that the server has named for it, the best first. */
  readonly offers: readonly { readonly path: MediaPath; readonly host: string; readonly port: number }[];
  /** Of what is sent, as the node says, 0..1. */
  readonly outgoingLostShare: number | undefined;
  readonly outgoingBitrateBps: number | undefined;
  readonly roundTripMs: number | undefined;
}

export interface Diagnostics {
  readonly state: MeetingState;
  readonly legs: readonly LegDiagnostics[];
  readonly streams: readonly StreamDiagnostics[];
  /** The last 200 switches. */
  readonly switches: readonly StreamSwitch[];
}

export interface LocalSourceView {
  readonly source: MediaSource;
  readonly track: MediaStreamTrack;
  readonly muted: boolean;
}

/** A meeting that this page takes part in. `joinMeeting(options)` makes one. */
export interface MeetingHandle {
  readonly id: string;
  readonly self: { readonly id: string; readonly displayName: string };
  readonly state: MeetingState;
  /** How sound and picture get here and away. */
  readonly path: PathView;
  readonly participants: ReadonlyMap<string, RemoteParticipantView>;
  readonly local: ReadonlyMap<MediaSource, LocalSourceView>;
  /** The browser wants a click before sound may play; the event of the same name tells of changes. */
  readonly soundBlocked: boolean;
  on<E extends keyof MeetingEvents>(event: E, listener: MeetingEvents[E]): () => void;
  /**
   * Publishes a track, or replaces the one of this source without a gap for the others. The track stays the caller's;
   * when it ends by itself (device unplugged, sharing stopped in the browser) its source is unpublished.
   */
  publish(
    source: MediaSource,
    track: MediaStreamTrack,
    options?: { readonly muted?: boolean },
  ): Promise<void>;
  unpublish(source: MediaSource): Promise<void>;
  /** Takes effect at once. Use it rather than `track.enabled`: what is sent is a copy of the track. */
  setMuted(source: MediaSource, muted: boolean): Promise<void>;
  /** Call from a click when `soundBlocked` says so. */
  resumeSound(): Promise<void>;
  diagnostics(): Promise<Diagnostics>;
  /** Leaves for good. Idempotent. */
  leave(): Promise<void>;
}
