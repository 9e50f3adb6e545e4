import type { Leg, ReceivedStream } from './leg.ts';
import type { Legs } from './legs.ts';
import type { RemoteStreams } from './remote-streams.ts';
import { pathStats, receivedStats } from './stats.ts';
import type { Diagnostics, LegDiagnostics, StreamDiagnostics, StreamSwitch } from './types.ts';

const REMEMBERED_SWITCHES = 200;

/** Measures what is received; remembers the last switches. */
export class DiagnosticsRecorder {
  readonly #switches: StreamSwitch[] = [];
  /** Concealment before a consumer was heard: the start of a jitter buffer conceals too, unheard. */
  readonly #concealedBeforeMs = new WeakMap<ReceivedStream, Promise<number | undefined>>();

  switched(event: StreamSwitch): void {
    this.#switches.push(event);
    if (this.#switches.length > REMEMBERED_SWITCHES) this.#switches.shift();
  }

  heard(stream: ReceivedStream): void {
    this.#concealedBeforeMs.set(
      stream,
      receivedStats(stream.consumer).then(({ concealedMs }) => concealedMs),
    );
  }

  async measure(
    legs: Pick<Legs, 'all' | 'current'>,
    streams: Pick<RemoteStreams, 'feeds'>,
    displayName: (participantId: string) => string,
  ): Promise<Omit<Diagnostics, 'state'>> {
    const { all, current } = legs;
    const [measuredLegs, measuredStreams] = await Promise.all([
      Promise.all(all.map((leg) => this.#leg(leg, leg === current))),
      Promise.all(
        [...streams.feeds()].map((feed) => this.#stream(feed, displayName(feed.info.participantId))),
      ),
    ]);
    return { legs: measuredLegs, streams: measuredStreams, switches: this.#switches.slice() };
  }

  async #stream(stream: ReceivedStream, displayName: string): Promise<StreamDiagnostics> {
    const [stats, before] = await Promise.all([
      receivedStats(stream.consumer),
      this.#concealedBeforeMs.get(stream) ?? Promise.resolve(undefined),
    ]);
    const { concealedMs } = stats;
    return {
      participantId: stream.info.participantId,
      displayName,
      source: stream.info.source,
      legId: stream.leg.legId,
      nodeId: stream.leg.nodeId,
      ...stats,
      concealedSinceSwitchMs: concealedMs === undefined ? undefined : concealedMs - (before ?? 0),
    };
  }

  async #leg(leg: Leg, current: boolean): Promise<LegDiagnostics> {
    const { sendTransport, recvTransport } = leg;
    // The sending side knows the uplink; who publishes nothing has only the receiving one.
    const measured = sendTransport?.connectionState === 'connected' ? sendTransport : recvTransport;
    const stats = measured ? await pathStats(measured) : undefined;
    return {
      legId: leg.legId,
      nodeId: leg.nodeId,
      reason: leg.reason,
      current,
      sendState: sendTransport?.connectionState ?? 'new',
      recvState: recvTransport?.connectionState ?? 'new',
      path: stats?.path,
      offers: leg.offers.map(({ path, host, port }) => ({ path, host, port })),
      outgoingLostShare: stats?.outgoingLostShare,
      outgoingBitrateBps: stats?.outgoingBitrateBps,
      roundTripMs: stats?.roundTripMs,
    };
  }
}
