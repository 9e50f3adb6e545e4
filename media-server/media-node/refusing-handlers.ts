import { type Handlers, HoldfastError, type nodeClientContract } from '../protocol/index.ts';

const ignore = () => {};
const refuse = () => {
  throw new HoldfastError('METHOD_UNKNOWN', 'a node is no gateway: it has no participants to tell');
};

/** What a node answers on a connection that it has dialled itself: nothing there concerns it, but what it adds itself. */
export const refusingNodeHandlers: Handlers<typeof nodeClientContract> = {
  'consumer.new': ignore,
  'consumer.closed': ignore,
  'consumer.paused': ignore,
  'consumer.resumed': ignore,
  'participant.joined': ignore,
  'participant.left': ignore,
  'handover.open': refuse,
  'handover.commit': refuse,
  'handover.abort': refuse,
  'leg.lost': ignore,
  'meeting.lost': ignore,
};
