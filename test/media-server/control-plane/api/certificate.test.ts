import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Certificate } from '@holdfast/media-server/control-plane/api/certificate.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManualClock } from '../../process/manual-clock.ts';
import { silentLog } from '../silent-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(name: string): void {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const { status } = spawnSync('openssl', ['req', ...kind, '-subj', `/CN=${name}`, ...files]);
  expect(status).toBe(0);
}

async function nameShown(port: number): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

it('a renewed certificate is used without a restart, and a broken one changes nothing', async () => {
  make('old.example');
  const clock = new ManualClock();
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const certificate = new Certificate(files, silentLog, clock);
  const server = certificate.server((_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await nameShown(port)).toBe('old.example');
  make('new.example');
  await clock.advance(60_000);
  expect(await nameShown(port)).toBe('new.example');
  writeFileSync(files.certFile, 'half a certif');
  await clock.advance(60_000);
  expect(await nameShown(port)).toBe('new.example');
  make('newer.example');
  await clock.advance(60_000);
  expect(await nameShown(port)).toBe('newer.example');
  certificate.close();
  expect(clock.pendingTimers).toBe(0);
  server.close();
});

it('files that are not there are a fault of the configuration', () => {
  const files = { certFile: join(folder, 'no.pem'), keyFile: join(folder, 'no.pem') };
  expect(() => new Certificate(files, silentLog)).toThrow(/^http.tls: .*ENOENT/);
});
