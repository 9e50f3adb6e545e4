import { createSocket } from 'node:dgram';
import { dnsAnswer } from './dns-answer.ts';

// The name server of a client: every network has one, and Chromium asks no hosts file for the addresses of TURN servers.
// Usage: dns-main.ts NAME=ADDRESS… ; ends with its stdin.

const table = new Map(
  process.argv.slice(2).map((pair): [string, string] => {
    const [name = '', address = ''] = pair.split('=');
    return [name, address];
  }),
);
const socket = createSocket('udp4', (query, { port, address }) => {
  const answer = dnsAnswer(query, table);
  if (answer) socket.send(answer, port, address);
});
socket.bind(53, '127.0.0.1', () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit());
