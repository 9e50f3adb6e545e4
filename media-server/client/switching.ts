import type { LegReason } from '../protocol/signalling.ts';
import type { MediaSource } from '../protocol/values.ts';

/**
 * Which leg feeds which remote stream. Pure: events in, effects out. While a meeting moves, the same stream is offered
 * by the consumers of several legs; exactly one of them is seen or heard, the *feed*.
 *
 * - A newer offer takes over as soon as it is ready (steady, timed out, shown nowhere), or at once when both are muted.
 * - When the feed is withdrawn, the best of the others takes its place at once: a ready one, else the newest.
 * - `report` comes once for each (leg, stream) of a leg that is not the first, when the stream is really fed by it.
 */

export interface StreamId {
  readonly participantId: string;
  readonly source: MediaSource;
}

/** `steady`: beside a picture or sound that must not be disturbed. `first-frame`: there is nothing to lose. */
export type SwitchCriterion = 'steady' | 'first-frame';

interface Offer {
  readonly consumerId: string;
  readonly legId: string;
  /** Grows with each leg and each offer: the newest is where the stream shall go. */
  readonly rank: number;
  readonly paused: boolean;
  /** Preparing until the player says that it may be shown. */
  readonly status: 'preparing' | 'ready';
}

/** One remote stream. Without offers it is orphaned: its legs are gone and a new one is awaited. */
export interface StreamState {
  readonly id: StreamId;
  readonly offers: readonly Offer[];
  readonly feed: string | undefined;
  readonly reportedLegs: readonly string[];
  readonly active: boolean;
}

export type StreamEvent =
  | { readonly type: 'offered'; readonly offer: Omit<Offer, 'status'>; readonly reason: LegReason }
  | { readonly type: 'ready'; readonly consumerId: string }
  | { readonly type: 'muted'; readonly consumerId: string; readonly paused: boolean }
  | { readonly type: 'withdrawn'; readonly consumerId: string }
  | { readonly type: 'leg-closed'; readonly legId: string };

export type SwitchEffect =
  /** Start to play this consumer, unseen and unheard. */
  | { readonly type: 'prepare'; readonly consumerId: string; readonly criterion: SwitchCriterion }
  /** From now on this consumer is the one that is seen or heard. */
  | { readonly type: 'select'; readonly consumerId: string }
  /** Play it no more; its last picture stands until another one comes. */
  | { readonly type: 'drop'; readonly consumerId: string }
  | { readonly type: 'report'; readonly legId: string; readonly consumerId: string; readonly muted: boolean }
  /** Its sender has stopped it: nothing of it stays. */
  | { readonly type: 'ended' };

export interface Transition {
  readonly state: StreamState;
  readonly effects: readonly SwitchEffect[];
}

export const newStream = (id: StreamId): StreamState => ({
  id,
  offers: [],
  feed: undefined,
  reportedLegs: [],
  active: false,
});

/** @param isFirstLeg whether a leg is the one the participant joined with: nobody waits for reports about it. */
export function transition(
  stream: StreamState,
  event: StreamEvent,
  isFirstLeg: (legId: string) => boolean,
): Transition {
  switch (event.type) {
    case 'offered': {
      if (stream.offers.some((offer) => offer.consumerId === event.offer.consumerId))
        return unchanged(stream);
      const criterion = stream.offers.length > 0 && event.reason !== 'recovery' ? 'steady' : 'first-frame';
      const prepare: SwitchEffect = { type: 'prepare', consumerId: event.offer.consumerId, criterion };
      const offers = [...stream.offers, { ...event.offer, status: 'preparing' as const }];
      return settle({ ...stream, offers }, isFirstLeg, { before: [prepare] });
    }
    case 'ready':
      return settle(withOffer(stream, event.consumerId, { status: 'ready' }), isFirstLeg);
    case 'muted':
      return settle(withOffer(stream, event.consumerId, { paused: event.paused }), isFirstLeg);
    case 'withdrawn':
      return remove(stream, (offer) => offer.consumerId === event.consumerId, event.type, isFirstLeg);
    case 'leg-closed':
      return remove(stream, (offer) => offer.legId === event.legId, event.type, isFirstLeg);
  }
}

const unchanged = (state: StreamState): Transition => ({ state, effects: [] });

function withOffer(stream: StreamState, consumerId: string, change: Partial<Offer>): StreamState {
  const offers = stream.offers.map((offer) =>
    offer.consumerId === consumerId ? { ...offer, ...change } : offer,
  );
  return { ...stream, offers };
}

function remove(
  stream: StreamState,
  isGone: (offer: Offer) => boolean,
  why: 'withdrawn' | 'leg-closed',
  isFirstLeg: (legId: string) => boolean,
): Transition {
  const gone = stream.offers.filter(isGone);
  if (gone.length === 0) return unchanged(stream);
  const offers = stream.offers.filter((offer) => !isGone(offer));
  // A leg that closes says nothing about the stream: it is awaited on another leg, and its last picture stands.
  const ended = offers.length === 0 && why === 'withdrawn';
  const drops = gone.map<SwitchEffect>(({ consumerId }) => ({ type: 'drop', consumerId }));
  return settle({ ...stream, offers }, isFirstLeg, { after: ended ? [...drops, { type: 'ended' }] : drops });
}

/** Chooses the feed anew. The new feed is selected before an old one is dropped, so that they can be crossed over. */
function settle(
  stream: StreamState,
  isFirstLeg: (legId: string) => boolean,
  {
    before = [],
    after = [],
  }: { readonly before?: readonly SwitchEffect[]; readonly after?: readonly SwitchEffect[] } = {},
): Transition {
  const feed = chooseFeed(stream);
  const effects: SwitchEffect[] = [...before];
  if (feed && feed.consumerId !== stream.feed) effects.push({ type: 'select', consumerId: feed.consumerId });
  let { reportedLegs } = stream;
  if (
    feed &&
    (feed.status === 'ready' || feed.paused) &&
    !isFirstLeg(feed.legId) &&
    !reportedLegs.includes(feed.legId)
  ) {
    effects.push({ type: 'report', legId: feed.legId, consumerId: feed.consumerId, muted: feed.paused });
    reportedLegs = [...reportedLegs, feed.legId];
  }
  effects.push(...after);
  const active = feed ? !feed.paused : stream.active;
  return { state: { ...stream, feed: feed?.consumerId, reportedLegs, active }, effects };
}

function chooseFeed(stream: StreamState): Offer | undefined {
  const current = stream.offers.find((offer) => offer.consumerId === stream.feed);
  if (!current) {
    const worth = (offer: Offer) => (offer.status === 'ready' ? 2 : 0) + (offer.paused ? 0 : 1);
    return stream.offers.toSorted((a, b) => worth(b) - worth(a) || b.rank - a.rank)[0];
  }
  // A muted newcomer beside a stream that still sends is only early: its unmuting, or the other's muting, follows.
  const mayTakeOver = (offer: Offer) =>
    offer.rank > current.rank && (offer.paused ? current.paused : offer.status === 'ready');
  return stream.offers.filter(mayTakeOver).toSorted((a, b) => b.rank - a.rank)[0] ?? current;
}
