import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { LocalPlatform } from '../../local/local-platform.ts';
import { OperatorApi } from '../../observe/operator-api.ts';
import { makeCertificate } from './certificate.ts';
import type { BedLine } from './column-result.ts';
import { runColumn } from './column-run.ts';
import { columnNamed } from './columns.ts';
import { addresses, Network, names } from './network.ts';
import { TurnServer, turnUrls } from './turn-server.ts';

// Runs in a network namespace of its own, which is the server's. Usage: paths-main.ts FOLDER COLUMN… ; writes a line of
// JSON for whatever happens, and ends with its stdin or by SIGTERM, with everything it has started.

const [folder = '', ...ids] = process.argv.slice(2);
const stopping = new AbortController();
const stop = () => stopping.abort(new Error('interrupted'));
process.on('SIGTERM', stop).on('SIGINT', stop);
process.stdin.resume().on('end', stop);

const write = (line: BedLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
const undo: (() => Promise<void>)[] = [];

try {
  await run();
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} finally {
  for (const each of undo.reverse()) await each();
  process.stdin.destroy();
}

async function run(): Promise<void> {
  const { signal } = stopping;
  mkdirSync(folder, { recursive: true });
  const certificate = await makeCertificate(
    folder,
    [names.server, names.turn],
    ['127.0.0.1', ...Object.values(addresses.server)],
  );
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(certificate.certFile, 'utf8')]);
  const network = await Network.lay(folder);
  undo.push(() => network.close());
  const secret = randomBytes(32).toString('base64url');
  const turn = await TurnServer.start(network.turn, { folder, secret, ...certificate, signal });
  undo.push(() => turn.close());
  const platform = await LocalPlatform.start({
    nodes: 2,
    host: '::',
    port: 443,
    tls: certificate,
    media: { listenIp: '::', publicAddresses: Object.values(addresses.server) },
    turnUrls,
    autoJoin: true,
    env: { ...process.env, HOLDFAST_TURN_SECRET: secret },
    signal,
  });
  undo.push(() => platform.close());
  platform.watch(turn.pid);
  const api = new OperatorApi('https://127.0.0.1', platform.operatorToken);
  const bed = { folder, network, platform, api, certificate };
  for (const id of ids) {
    const column = columnNamed(id);
    if (!column) throw new Error(`there is no column ${id}`);
    signal.throwIfAborted();
    mkdirSync(join(folder, id), { recursive: true });
    const result = await runColumn({ ...bed, folder: join(folder, id) }, column, signal, (line) =>
      write({ say: `${column.title}: ${line}` }),
    );
    write({ result });
  }
}
