import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { LOOPBACK } from '../local/addresses.ts';

/**
 * A TCP connection to a server, through something that can lose it silently: after `swallow`, the connections there are
 * look open at both ends and carry nothing any more, as when a firewall has forgotten them. New ones work.
 */
export class SwallowingProxy {
  readonly #server: Server;
  readonly #connections = new Set<{ readonly near: Socket; readonly far: Socket }>();

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      const far = connect({ host: target.hostname, port: Number(target.port) });
      const connection = { near, far };
      this.#connections.add(connection);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.setNoDelay();
        from.pipe(to);
        // 'close' follows.
        from.on('error', () => {});
        from.once('close', () => {
          if (!this.#connections.delete(connection)) return;
          to.destroy();
        });
      }
    });
  }

  static async to(baseUrl: string): Promise<SwallowingProxy> {
    const proxy = new SwallowingProxy(new URL(baseUrl));
    proxy.#server.listen(0, LOOPBACK);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Where the server is reached through this. */
  get baseUrl(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `http://${LOOPBACK}:${address.port}`;
  }

  /** From now on nothing passes on the connections there are, in either direction, and no end of them is told. */
  swallow(): void {
    for (const { near, far } of this.#connections) {
      near.unpipe(far).resume();
      far.unpipe(near).resume();
      near.removeAllListeners('close');
      far.removeAllListeners('close');
    }
    // The sockets live on until the ends give up; nothing here closes them.
    this.#swallowed.push(...this.#connections);
    this.#connections.clear();
  }
  readonly #swallowed: { readonly near: Socket; readonly far: Socket }[] = [];

  close(): void {
    this.#server.close();
    for (const { near, far } of [...this.#connections, ...this.#swallowed]) {
      near.destroy();
      far.destroy();
    }
  }
}
