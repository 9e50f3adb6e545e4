import {
  type Handlers,
  HoldfastError,
  type nodeClientContract,
} from '@holdfast/media-server/protocol/index.ts';

const refuse = (): never => {
  throw new HoldfastError('METHOD_UNKNOWN', 'nobody listens here');
};

/** For links of which only the connection is of interest. */
export const refuseAll: Handlers<typeof nodeClientContract> = {
  'consumer.new': refuse,
  'consumer.closed': refuse,
  'consumer.paused': refuse,
  'consumer.resumed': refuse,
  'participant.joined': refuse,
  'participant.left': refuse,
  'handover.open': refuse,
  'handover.commit': refuse,
  'handover.abort': refuse,
  'leg.lost': refuse,
  'meeting.lost': refuse,
};
