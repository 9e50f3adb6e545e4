import { HoldfastError } from '../protocol/index.ts';

/** The answer to `relay.end` of a machine that is no TURN server. */
export function relaysNothing(): never {
  throw new HoldfastError('BAD_REQUEST', 'this machine is no TURN server');
}
