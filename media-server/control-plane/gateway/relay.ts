import { type Handlers, HoldfastError, type IceServer, type legRequests } from '../../protocol/index.ts';
import type { NodeSocket } from './node-links.ts';

/**
 * Passes each request about a leg unchanged to the leg's media node. `to` finds that node's link, or throws; `iceServers`
 * says what goes with an ICE restart, of which the node knows nothing; `unknown` is told when the node has no such leg.
 */
export function relayLegRequests(
  to: (legId: string) => NodeSocket,
  iceServers: (legId: string) => IceServer[] | undefined,
  unknown: (legId: string) => void,
): Handlers<typeof legRequests> {
  const ask = async <T>(legId: string, request: (node: NodeSocket) => Promise<T>): Promise<T> => {
    try {
      return await request(to(legId));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (error.code === 'LEG_UNKNOWN') unknown(legId);
      // The client must not take the loss of the node's connection for one of its own.
      if (error.code !== 'CONNECTION_CLOSED') throw error;
      throw new HoldfastError('NODE_UNREACHABLE', error.message, { cause: error });
    }
  };
  return {
    'leg.ready': (params) => ask(params.legId, (node) => node.request('leg.ready', params)),
    'transport.connect': (params) => ask(params.legId, (node) => node.request('transport.connect', params)),
    'transport.restartIce': async (params) => {
      const answer = await ask(params.legId, (node) => node.request('transport.restartIce', params));
      const servers = iceServers(params.legId);
      return servers === undefined ? answer : { ...answer, iceServers: servers };
    },
    'producer.create': (params) => ask(params.legId, (node) => node.request('producer.create', params)),
    'producer.pause': (params) => ask(params.legId, (node) => node.request('producer.pause', params)),
    'producer.resume': (params) => ask(params.legId, (node) => node.request('producer.resume', params)),
    'producer.close': (params) => ask(params.legId, (node) => node.request('producer.close', params)),
    'consumer.ready': (params) => ask(params.legId, (node) => node.request('consumer.ready', params)),
    'consumer.pause': (params) => ask(params.legId, (node) => node.request('consumer.pause', params)),
    'consumer.resume': (params) => ask(params.legId, (node) => node.request('consumer.resume', params)),
    'consumer.setPreferredLayers': (params) =>
      ask(params.legId, (node) => node.request('consumer.setPreferredLayers', params)),
  };
}
