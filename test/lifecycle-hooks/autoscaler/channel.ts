import { once } from 'node:events';
import { createServer } from 'node:http';
import { ControlPlaneLink } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-link.ts';
import { DecisionLog } from '@holdfast/media-server/control-plane/scaling/decision-log.ts';
import { DrainOrders } from '@holdfast/media-server/control-plane/scaling/drain-orders.ts';
import { Leadership } from '@holdfast/media-server/control-plane/scaling/leadership.ts';
import { serveAutoscaler } from '@holdfast/media-server/control-plane/scaling/scaling-door.ts';
import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { WebSocketServer } from 'ws';
import { silentLog } from '../../media-server/control-plane/silent-log.ts';
import type { ScalingWorld } from './scaling-world.ts';

/** The control plane's side of scaling, over real WebSockets, in front of a world in virtual time. */
export class Channel {
  readonly decisions: DecisionLog;
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#server });
  readonly #links: ControlPlaneLink[] = [];
  readonly #world: ScalingWorld;

  private constructor(world: ScalingWorld) {
    this.#world = world;
    const now = () => world.nowMs;
    const store = new MemoryStore(now);
    const leadership = new Leadership({ ...store, now });
    this.decisions = new DecisionLog({
      decisions: store.decisions,
      samples: store.scalingSamples,
      tracks: store.machineTracks,
      now,
    });
    // The world is told one token for all: here it is the channel that must tell leaders apart.
    const order = { operationId: 'order', fence: 1, reason: 'order' };
    const options = {
      leadership,
      decisions: this.decisions,
      orders: new DrainOrders({
        leadership,
        drain: async (nodeId) => {
          await world.controlPlane.drain(nodeId, order);
          return { state: 'draining' };
        },
        cancelDrain: async (nodeId) => {
          await world.controlPlane.cancelDrain(nodeId, order);
          return { state: 'active' };
        },
      }),
      view: async () => {
        const { nodes, demand } = world.platform();
        return { nodes, demand, reservations: [], ageMs: 0 };
      },
      fleets: store.fleets,
      metrics: { report: () => {} },
      now,
      log: silentLog,
    } as const;
    this.#sockets.on('connection', (socket) => serveAutoscaler(socket, options));
  }

  static async open(world: ScalingWorld): Promise<Channel> {
    const channel = new Channel(world);
    channel.#server.listen(0, '127.0.0.1');
    await once(channel.#server, 'listening');
    return channel;
  }

  /** Another process's connection. */
  link(): ControlPlaneLink {
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const link = new ControlPlaneLink({
      urls: [`ws://127.0.0.1:${port}`],
      token: 'of no matter here',
      clock: { now: () => this.#world.nowMs },
    });
    this.#links.push(link);
    return link;
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
