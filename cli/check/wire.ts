import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageLength } from './stun.ts';

/** Carries whole messages. Lost ones are told by nobody. */
export interface Wire {
  readonly reliable: boolean;
  send(message: Buffer): void;
  /** Called for each message, until the wire is closed. */
  onMessage: (message: Buffer) => void;
  /** Idempotent. */
  close(): void;
}

export interface Destination {
  readonly over: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** How messages follow each other in a stream: TURN's say how long they are, ICE's are told their length before. */
  readonly framing: 'stun' | 'rfc4571';
}

/** Opens it, within the time that the signal gives. Rejects with what the system says. */
export async function openWire(destination: Destination, signal: AbortSignal): Promise<Wire> {
  return destination.over === 'udp' ? openUdp(destination, signal) : openStream(destination, signal);
}

async function openUdp({ host, port }: Destination, signal: AbortSignal): Promise<Wire> {
  const { address, family } = isIP(host) ? { address: host, family: isIP(host) } : await lookup(host);
  signal.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const wire: Wire = {
    reliable: false,
    send: (message) => socket.send(message, port, address, () => {}),
    onMessage: () => {},
    close: () => {
      socket.removeAllListeners('message');
      try {
        socket.close();
      } catch {
        // It is closed already.
      }
    },
  };
  // Nobody listens there: the same as no answer.
  socket.on('error', () => {});
  socket.on('message', (message) => wire.onMessage(message));
  return wire;
}

async function openStream({ over, host, port, framing }: Destination, signal: AbortSignal): Promise<Wire> {
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket: Socket = over === 'tls' ? connectTls({ host, port, ...named }) : connect({ host, port });
  try {
    await once(socket, over === 'tls' ? 'secureConnect' : 'connect', { signal });
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  const wire: Wire = {
    reliable: true,
    send: (message) => socket.write(framing === 'stun' ? message : withLength(message)),
    onMessage: () => {},
    close: () => socket.destroy(),
  };
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
    for (;;) {
      const next = framing === 'stun' ? stunFrame(heard) : lengthFrame(heard);
      if (!next) return;
      heard = heard.subarray(next.end);
      wire.onMessage(next.message);
    }
  });
  return wire;
}

function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function lengthFrame(bytes: Buffer): { message: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  return bytes.length < end ? undefined : { message: bytes.subarray(2, end), end };
}

function stunFrame(bytes: Buffer): { message: Buffer; end: number } | undefined {
  const end = messageLength(bytes);
  return end === undefined || bytes.length < end ? undefined : { message: bytes.subarray(0, end), end };
}
