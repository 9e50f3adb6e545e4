import { type Handlers, HoldfastError, type legRequests } from '../../protocol/index.ts';
import type { NodeSocket } from './node-links.ts';

/** Passes each request about a leg unchanged to the leg's media node. `to` finds that node's link, or throws. */
export function relayLegRequests(to: (legId: string) => NodeSocket): Handlers<typeof legRequests> {
  return {
    'leg.ready': (params) => told(to(params.legId).request('leg.ready', params)),
    'transport.connect': (params) => told(to(params.legId).request('transport.connect', params)),
    'transport.restartIce': (params) => told(to(params.legId).request('transport.restartIce', params)),
    'producer.create': (params) => told(to(params.legId).request('producer.create', params)),
    'producer.pause': (params) => told(to(params.legId).request('producer.pause', params)),
    'producer.resume': (params) => told(to(params.legId).request('producer.resume', params)),
    'producer.close': (params) => told(to(params.legId).request('producer.close', params)),
    'consumer.ready': (params) => told(to(params.legId).request('consumer.ready', params)),
    'consumer.pause': (params) => told(to(params.legId).request('consumer.pause', params)),
    'consumer.resume': (params) => told(to(params.legId).request('consumer.resume', params)),
    'consumer.setPreferredLayers': (params) =>
      told(to(params.legId).request('consumer.setPreferredLayers', params)),
  };
}

/** The client must not take the loss of the node's connection for one of its own. */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'CONNECTION_CLOSED') {
      throw new HoldfastError('NODE_UNREACHABLE', error.message, { cause: error });
    }
    throw error;
  }
}
