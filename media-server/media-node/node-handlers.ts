import type { Drain } from '../drain/drain.ts';
import {
  type Handlers,
  HoldfastError,
  type LegSnapshot,
  type nodeContract,
  rtpCapabilities as rtpCapabilitiesOnWire,
} from '../protocol/index.ts';
import type { Evacuation } from './evacuation.ts';
import type { Leg } from './leg.ts';
import type { Link } from './link.ts';
import type { Meeting } from './meeting.ts';
import type { MeetingStore } from './meeting-store.ts';

export interface NodeHandlersOptions {
  readonly nodeId: string;
  readonly meetings: MeetingStore;
  readonly drain: Pick<Drain, 'accepting'>;
  readonly evacuation: Pick<Evacuation, 'progress'>;
}

/** What this node does for whoever is connected to it. `caller` is that connection; it throws before `link.hello`. */
export function nodeHandlers(
  { meetings, drain, evacuation, nodeId }: NodeHandlersOptions,
  caller: () => Link,
): Omit<Handlers<typeof nodeContract>, 'link.hello'> {
  const mayCreate = () => {
    if (!drain.accepting) throw new HoldfastError('NODE_DRAINING', `node ${nodeId} takes no new meetings`);
  };
  /** The leg, if this connection speaks for it. */
  const mine = (legId: string): { leg: Leg; meeting: Meeting } => {
    const found = meetings.findLeg(legId);
    if (found.leg.link !== caller()) {
      throw new HoldfastError(
        'FORBIDDEN',
        `leg ${legId} is spoken for by another connection; attach it first`,
      );
    }
    return found;
  };
  /** One operation after the other on a leg, however quickly its client asks. */
  const inTurn = <T>(legId: string, work: (found: { leg: Leg; meeting: Meeting }) => Promise<T> | T) => {
    const found = mine(legId);
    return found.leg.queued(() => work(found));
  };
  const legIfMine = (legId: string) => {
    try {
      return mine(legId);
    } catch {
      // Reports about a leg that has just gone are of no use to anybody.
      return undefined;
    }
  };

  return {
    'meeting.prepare': async ({ meetingId, epoch, participants }) => {
      const link = caller();
      const meeting = await meetings.open(meetingId, epoch, 'incoming', mayCreate);
      meeting.prepare(link, participants ?? 0);
      // The source may have died meanwhile; its end has then found nothing to look after.
      if (!link.open) meetings.linkGone(link);
      return {};
    },
    'meeting.abandon': ({ meetingId, epoch }) => {
      const meeting = meetings.get(meetingId);
      if (meeting?.epoch === epoch && meeting.role === 'incoming') {
        meetings.close(meeting, 'abandoned');
      }
      return {};
    },
    'meeting.adopt': ({ meetingId, epoch }) => {
      const meeting = meetings.get(meetingId);
      if (meeting?.epoch !== epoch)
        throw new HoldfastError('EPOCH_STALE', `${meetingId} is not here at epoch ${epoch}`);
      meeting.adopt();
      return {};
    },
    'leg.open': async (request) => {
      const { legId, meetingId, epoch, participant, incoming, reason, initialOutgoingBitrateBps } = request;
      const link = caller();
      const meeting = await meetings.open(meetingId, epoch, incoming ? 'incoming' : 'home', mayCreate);
      const newcomer = reason === 'join';
      const leg = await meeting.openLeg({ legId, participant, link, newcomer, initialOutgoingBitrateBps });
      // The gateway may have gone meanwhile; its end has then not found this leg.
      if (!link.open) meetings.linkGone(link);
      return {
        routerRtpCapabilities: rtpCapabilitiesOnWire.parse(meeting.router.rtpCapabilities),
        ...leg.transportParameters(),
        participants: othersThan(leg, meeting),
      };
    },
    'leg.attach': ({ legId, meetingId, participantId }) =>
      snapshot(nodeId, meetings.attach({ legId, meetingId, participantId }, caller())),
    'leg.close': ({ legId }) => {
      const found = legIfMine(legId);
      found?.meeting.closeLeg(legId);
      return {};
    },
    'handover.progress': (params) => evacuation.progress(params),

    'leg.ready': ({ legId, rtpCapabilities }) =>
      inTurn(legId, async ({ leg, meeting }) => {
        leg.setRtpCapabilities(rtpCapabilities);
        await meeting.offerAllTo(leg);
        return {};
      }),
    'transport.connect': ({ legId, transportId, dtlsParameters }) =>
      inTurn(legId, async ({ leg }) => {
        await leg.connect(transportId, dtlsParameters);
        return {};
      }),
    'transport.restartIce': ({ legId, transportId }) =>
      inTurn(legId, async ({ leg }) => ({ iceParameters: await leg.restartIce(transportId) })),
    'producer.create': ({ legId, ...request }) =>
      inTurn(legId, async ({ leg, meeting }) => {
        const { producer } = await meeting.publish(leg, request);
        return { producerId: producer.id };
      }),
    'producer.pause': ({ legId, producerId }) =>
      inTurn(legId, async ({ leg, meeting }) => {
        await meeting.setPaused(leg, producerId, true);
        return {};
      }),
    'producer.resume': ({ legId, producerId }) =>
      inTurn(legId, async ({ leg, meeting }) => {
        await meeting.setPaused(leg, producerId, false);
        return {};
      }),
    'producer.close': ({ legId, producerId }) =>
      inTurn(legId, ({ leg, meeting }) => {
        meeting.unpublish(leg, producerId);
        return {};
      }),
    'consumer.ready': ({ legId, consumerId }) =>
      inTurn(legId, async ({ leg }) => {
        await leg.reception.ready(consumerId);
        return {};
      }),
    'consumer.pause': ({ legId, consumerId }) =>
      inTurn(legId, async ({ leg }) => {
        await leg.reception.pause(consumerId);
        return {};
      }),
    'consumer.resume': ({ legId, consumerId }) =>
      inTurn(legId, async ({ leg }) => {
        await leg.reception.resume(consumerId);
        return {};
      }),
    'consumer.setPreferredLayers': ({ legId, consumerId, spatialLayer, temporalLayer }) =>
      inTurn(legId, async ({ leg }) => {
        const layers = temporalLayer === undefined ? { spatialLayer } : { spatialLayer, temporalLayer };
        await leg.reception.setPreferredLayers(consumerId, layers);
        return {};
      }),
    'consumer.stalled': async ({ legId, consumerId }) => {
      const leg = legIfMine(legId)?.leg;
      await leg?.queued(() => leg.reception.stalled(consumerId));
    },
  };
}

const othersThan = (leg: Leg, meeting: Meeting) =>
  meeting.participants.filter((other) => other.participantId !== leg.participant.participantId);

/** What the node has of a leg, for a client that has lost touch. */
function snapshot(nodeId: string, { leg, meeting }: { leg: Leg; meeting: Meeting }): LegSnapshot {
  return {
    legId: leg.id,
    nodeId,
    epoch: meeting.epoch,
    participants: othersThan(leg, meeting),
    producers: [...leg.published.values()].map(({ producer, source }) => ({
      producerId: producer.id,
      source,
      paused: producer.paused,
    })),
    consumers: leg.reception.offers(),
  };
}
