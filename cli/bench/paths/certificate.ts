import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** By which Chromium can be told to trust it. */
  readonly spkiHash: string;
}

/** A certificate for these names, signed by itself and good for two days. */
export async function makeCertificate(
  folder: string,
  names: readonly string[],
  ips: readonly string[],
): Promise<CertificateFiles> {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const alternatives = [...names.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP:${ip}`)].join(',');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${names[0] ?? 'holdfast'}`, '-addext', `subjectAltName=${alternatives}`],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  const { publicKey } = new X509Certificate(readFileSync(certFile));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { certFile, keyFile, spkiHash: createHash('sha256').update(spki).digest('base64') };
}
