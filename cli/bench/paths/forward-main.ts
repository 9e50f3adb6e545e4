import { connect, createServer } from 'node:net';

// Firefox listens for its driver on loopback alone, which in its namespace is nobody else's, and answers only who calls it
// by that name: passes connections on, and changes the name in their first lines.
// Usage: forward-main.ts ADDRESS PORT ; ends with its stdin.

const [address = '', port = ''] = process.argv.slice(2);
const local = `127.0.0.1:${port}`;
const server = createServer((from) => {
  const to = connect(Number(port), '127.0.0.1');
  from.on('error', () => to.destroy());
  to.on('error', () => from.destroy());
  from.once('data', (request: Buffer) => {
    to.write(request.toString('latin1').replace(/^Host: .*$/im, `Host: ${local}`), 'latin1');
    from.pipe(to).pipe(from);
  });
});
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit());
