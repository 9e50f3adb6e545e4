import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports given out by this process: the system may offer one again before whom it was for listens on it. */
const given = new Set<number>();

/** A TCP port nobody listens on. */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = await listenOnce(host, 0);
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port found on ${host}`);
}

/** Rejects with one clear line when somebody listens there already, or this user may not. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  try {
    await listenOnce(host, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new Error(
        `port ${port} on ${host} is taken. Stop what uses it, or choose another one with --port.`,
      );
    }
    if (code === 'EACCES')
      throw new Error(`port ${port} needs more rights. Choose one above 1023 with --port.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new Error(`${host} is no address of this machine. Choose another one with --host.`);
    }
    throw error;
  }
}

async function listenOnce(host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : port;
}
