import { connect, createServer, type Socket } from 'node:net';
import { openingOf } from './client-hello.ts';

// A firewall that lets TLS pass to the names it knows and ends everything else, run on the router.
// Usage: sni-proxy-main.ts PORT NAME=ADDRESS… ; ends with its stdin.

const [port = '', ...pairs] = process.argv.slice(2);
const allowed = new Map(
  pairs.map((pair): [string, string] => {
    const [name = '', address = ''] = pair.split('=');
    return [name, address];
  }),
);

const server = createServer((client) => {
  let heard = Buffer.alloc(0);
  client.on('error', () => client.destroy());
  client.setTimeout(10_000, () => client.destroy());
  const onData = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const opening = openingOf(heard);
    if (opening.kind === 'partial') return;
    client.off('data', onData);
    const address =
      opening.kind === 'tls' && opening.name !== undefined ? allowed.get(opening.name) : undefined;
    if (address === undefined) client.destroy();
    else pass(client, address, heard);
  };
  client.on('data', onData);
});
server.listen(Number(port), '::', () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit());

function pass(client: Socket, address: string, heard: Buffer): void {
  client.pause();
  client.setTimeout(0);
  const upstream = connect(443, address, () => {
    upstream.setNoDelay();
    client.setNoDelay();
    upstream.write(heard);
    client.pipe(upstream).pipe(client);
  });
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}
