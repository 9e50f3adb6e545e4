import type { MediaPath } from '../protocol/values.ts';
import { mediaPathOf } from './media-path.ts';

/** Reads what is needed from WebRTC's statistics, whose DOM types name only a part of what browsers report. */

export interface Measured {
  getStats(): Promise<RTCStatsReport>;
}

type Entry = Readonly<Record<string, unknown>>;

const num = (entry: Entry | undefined, field: string): number | undefined => {
  const value = entry?.[field];
  return typeof value === 'number' ? value : undefined;
};
const text = (entry: Entry | undefined, field: string): string | undefined => {
  const value = entry?.[field];
  return typeof value === 'string' ? value : undefined;
};

/** Empty once the connection is closed. */
async function entriesOf(measured: Measured): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    (await measured.getStats()).forEach((entry: Entry, id) => {
      entries.set(id, entry);
    });
  } catch {
    // Closed in the meantime: there is nothing left to measure.
  }
  return entries;
}

const find = (entries: ReadonlyMap<string, Entry>, matches: (entry: Entry) => boolean) =>
  [...entries.values()].find(matches);

/** The path in use. After an ICE restart the pairs of before are still listed, and still call themselves nominated. */
function selectedPair(entries: ReadonlyMap<string, Entry>): Entry | undefined {
  const transport = find(entries, ({ type }) => type === 'transport');
  return (
    entries.get(text(transport, 'selectedCandidatePairId') ?? '') ??
    find(entries, ({ type, nominated }) => type === 'candidate-pair' && nominated === true)
  );
}

export async function outgoingEstimateBps(transport: Measured): Promise<number | undefined> {
  return num(selectedPair(await entriesOf(transport)), 'availableOutgoingBitrate');
}

/** Whether media goes through a TURN server of ours. */
export async function usesRelay(transport: Measured): Promise<boolean> {
  const entries = await entriesOf(transport);
  const local = entries.get(text(selectedPair(entries), 'localCandidateId') ?? '');
  return text(local, 'candidateType') === 'relay';
}

export interface PathStats {
  readonly path: MediaPath | undefined;
  readonly outgoingBitrateBps: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Of what was sent, as the other side has said last, 0..1: of the stream that lost most. */
  readonly outgoingLostShare: number | undefined;
  /** Packets of the streams that are received now, in all. */
  readonly received: number;
  readonly lost: number;
}

export async function pathStats(transport: Measured): Promise<PathStats> {
  const entries = await entriesOf(transport);
  const pair = selectedPair(entries);
  const local = entries.get(text(pair, 'localCandidateId') ?? '');
  const roundTripSeconds = num(pair, 'currentRoundTripTime');
  const ofType = (wanted: string) => [...entries.values()].filter(({ type }) => type === wanted);
  const outgoing = ofType('remote-inbound-rtp').flatMap((entry) => num(entry, 'fractionLost') ?? []);
  const incoming = ofType('inbound-rtp');
  return {
    path: mediaPathOf({
      type: text(local, 'candidateType'),
      protocol: text(local, 'protocol'),
      relayProtocol: text(local, 'relayProtocol'),
    }),
    outgoingBitrateBps: num(pair, 'availableOutgoingBitrate'),
    roundTripMs: roundTripSeconds === undefined ? undefined : roundTripSeconds * 1000,
    outgoingLostShare: outgoing.length === 0 ? undefined : Math.max(...outgoing),
    received: sumOf(incoming, 'packetsReceived'),
    lost: sumOf(incoming, 'packetsLost'),
  };
}

const sumOf = (entries: readonly Entry[], field: string) =>
  entries.reduce((sum, entry) => sum + (num(entry, field) ?? 0), 0);

export interface ReceivedStats {
  /** Concealed while there was sound to conceal, in ms (48 samples each). */
  readonly concealedMs: number | undefined;
  readonly framesDecoded: number | undefined;
  readonly frameWidth: number | undefined;
  readonly bytesReceived: number | undefined;
  readonly packetsReceived: number | undefined;
  readonly packetsLost: number | undefined;
}

const SAMPLES_PER_MS = 48;

export async function receivedStats(consumer: Measured): Promise<ReceivedStats> {
  const entry = find(await entriesOf(consumer), ({ type }) => type === 'inbound-rtp');
  const concealed = num(entry, 'concealedSamples');
  const silent = num(entry, 'silentConcealedSamples') ?? 0;
  return {
    concealedMs: concealed === undefined ? undefined : (concealed - silent) / SAMPLES_PER_MS,
    framesDecoded: num(entry, 'framesDecoded'),
    frameWidth: num(entry, 'frameWidth'),
    bytesReceived: num(entry, 'bytesReceived'),
    packetsReceived: num(entry, 'packetsReceived'),
    packetsLost: num(entry, 'packetsLost'),
  };
}
