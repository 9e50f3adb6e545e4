import type { Handlers, legEvents, nodeClientContract } from '../../protocol/index.ts';
import type { Handovers } from './handovers.ts';
import type { LegEvent } from './leg.ts';
import type { Legs } from './legs.ts';
import type { Recovery } from './recovery.ts';
import type { Session } from './session.ts';

/** What a gateway does with what a node says on its link. */
export function nodeHandlers(
  nodeId: string,
  parts: { readonly legs: Legs; readonly handovers: Handovers; readonly recovery: Recovery },
): Handlers<typeof nodeClientContract> {
  const { legs, handovers, recovery } = parts;
  return {
    ...eventHandlers((legId, deliver, announces) => {
      const owner = legs.find(legId);
      // A node speaks for its own legs only. What comes for a leg that has just been closed is of no use.
      if (owner?.leg.nodeId !== nodeId) return;
      const { session } = owner;
      const event: LegEvent = { deliver: () => deliver(session) };
      owner.leg.take(announces === undefined ? event : { ...event, announces });
    }),
    'handover.open': (params) => handovers.open(nodeId, params),
    'handover.commit': (params) => handovers.commit(nodeId, params),
    'handover.abort': (params) => handovers.abort(nodeId, params),
    'leg.lost': ({ legId }) => recovery.legLost(nodeId, legId),
    'meeting.lost': ({ meetingId, epoch }) => recovery.meetingLost(meetingId, { nodeId, epoch }),
  };
}

type Pass = (legId: string, deliver: (to: Session) => void, announces?: string) => void;

function eventHandlers(pass: Pass): Handlers<typeof legEvents> {
  return {
    'consumer.new': (p) => pass(p.legId, (to) => to.client?.notify('consumer.new', p), p.consumerId),
    'consumer.closed': (p) => pass(p.legId, (to) => to.client?.notify('consumer.closed', p)),
    'consumer.paused': (p) => pass(p.legId, (to) => to.client?.notify('consumer.paused', p)),
    'consumer.resumed': (p) => pass(p.legId, (to) => to.client?.notify('consumer.resumed', p)),
    'participant.joined': (p) => pass(p.legId, (to) => to.client?.notify('participant.joined', p)),
    'participant.left': (p) => pass(p.legId, (to) => to.client?.notify('participant.left', p)),
  };
}
