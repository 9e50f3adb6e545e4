import type { SwitchCriterion } from './switching.ts';
import type { StreamSwitch } from './types.ts';

/** The part of a consumer that a player needs. */
export interface PlayableConsumer {
  readonly id: string;
  readonly track: MediaStreamTrack;
  readonly rtpReceiver?: Pick<RTCRtpReceiver, 'getSynchronizationSources'> | undefined;
}

export type HowSwitched = Exclude<StreamSwitch['how'], 'muted'>;

/** Plays one remote stream from whichever consumer it is told to. */
export interface StreamPlayer {
  /** Begins to play it, unseen and unheard; `ready` is called once when it may be selected. */
  prepare(consumer: PlayableConsumer, criterion: SwitchCriterion): void;
  select(consumerId: string): void;
  /** Plays it no more. What was seen of it stays standing until another one is seen. */
  drop(consumerId: string): void;
  /** The stream has ended: nothing of it stays. Another one may follow. */
  clear(): void;
  /** When its first frame was shown or its first packet came, in ms of `performance.now()`. */
  firstMediaAtMs(consumerId: string): number | undefined;
  close(): void;
}

export type ReadyListener = (consumerId: string, how: HowSwitched) => void;

/** Whether media of a consumer has arrived at all. */
export const hasPackets = ({ rtpReceiver }: PlayableConsumer): boolean =>
  (rtpReceiver?.getSynchronizationSources().length ?? 0) > 0;
