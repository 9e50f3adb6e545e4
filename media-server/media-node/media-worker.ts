import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createWorker } from 'mediasoup';
import type { WebRtcServer, Worker } from 'mediasoup/types';
import type { MediaNodeConfig } from '../config/index.ts';
import { HoldfastError } from '../protocol/index.ts';

/** One mediasoup worker (one process, one core) and the WebRtcServer that carries all its transports on one port. */
export interface MediaWorker {
  readonly index: number;
  readonly port: number;
  readonly worker: Worker;
  readonly webRtcServer: WebRtcServer;
}

export async function startMediaWorker(
  index: number,
  media: MediaNodeConfig['media'],
  port: number,
): Promise<MediaWorker> {
  const chosen = port === 0 ? await findFreePort(media.listenIp) : port;
  const worker = await createWorker({ logLevel: 'warn' });
  const announced = media.announcedAddress === undefined ? {} : { announcedAddress: media.announcedAddress };
  try {
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: [
        { protocol: 'udp', ip: media.listenIp, port: chosen, ...announced },
        { protocol: 'tcp', ip: media.listenIp, port: chosen, ...announced },
      ],
    });
    return { index, port: chosen, worker, webRtcServer };
  } catch (error) {
    worker.close();
    throw new HoldfastError(
      'INTERNAL',
      `cannot listen for media on ${media.listenIp}:${chosen} (UDP and TCP): ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** A port that is free for both UDP and TCP. */
async function findFreePort(host: string): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer();
    tcp.listen(0, host);
    await once(tcp, 'listening');
    const address = tcp.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, host, () => resolve(true));
    });
    udp.close();
    tcp.close();
    if (free) return port;
  }
  throw new HoldfastError('INTERNAL', `no port is free for both UDP and TCP on ${host}`);
}
