import type { Producer } from 'mediasoup/types';
import type { MediaSource } from '../protocol/index.ts';

/** One of a participant's own streams. */
export interface PublishedSource {
  readonly producer: Producer;
  readonly source: MediaSource;
}
