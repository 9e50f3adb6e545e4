import type { clientContract, Handlers } from '@holdfast/media-server/protocol/index.ts';

const ignore = () => {};

/** A participant who hears everything and does nothing. */
export const ignoringEverything: Handlers<typeof clientContract> = {
  'leg.open': ignore,
  'leg.close': ignore,
  'leg.iceServers': ignore,
  'consumer.new': ignore,
  'consumer.closed': ignore,
  'consumer.paused': ignore,
  'consumer.resumed': ignore,
  'participant.joined': ignore,
  'participant.left': ignore,
  'gateway.closing': ignore,
};
