import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy on the way to the control plane that can do what a firewall does which has forgotten a connection: swallow
 * all its bytes in both directions, without a word to either end. Connections that are made afterwards work.
 */
export class SilentProxy {
  readonly baseUrl: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.baseUrl = `http://127.0.0.1:${port}`;
  }

  static async start(target: string): Promise<SilentProxy> {
    const { hostname, port } = new URL(target);
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port) });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address() as AddressInfo;
    return new SilentProxy(server, address.port, sockets);
  }

  /** All connections that there are now are dead from now on, and look open. */
  swallow(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.removeAllListeners('data');
      // Read and thrown away, so that neither end notices anything, not even full buffers.
      socket.on('data', () => {});
      socket.resume();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
