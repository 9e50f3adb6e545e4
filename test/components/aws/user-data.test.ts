import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchDescription } from '@holdfast/media-server/config/launch-description.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { userData } from '../../../components/aws/user-data.ts';

const credentials = {
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'a secret/of+role',
  Token: 'session/token==',
};
const launch = {
  stack: 'holdfast-test',
  cloud: { kind: 'aws' as const, region: 'eu-central-1', group: 'holdfast-test-media' },
  home: { privateName: 'control-plane.holdfast-test.internal', internalPort: 8444 },
  mediaNode: {
    secrets: { cluster: "a name with 'quotes' and $(signs)" },
    firstPort: 40_000,
    rpcPort: 8445,
    drain: { policy: 'migrate' as const },
  },
};

/** A release bundle whose first boot writes down what it was started with. */
function makeBundle(): { content: Buffer; sha256: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bundle-'));
  writeFileSync(join(folder, 'first-boot'), '#!/bin/bash\necho "$0 $1" > "$(dirname "$1")/booted"\n');
  chmodSync(join(folder, 'first-boot'), 0o755);
  const content = execFileSync('tar', ['--create', '--gzip', '--directory', folder, 'first-boot']);
  return { content, sha256: createHash('sha256').update(content).digest('hex') };
}

/** What AWS computes from a request (Signature Version 4), to be compared with what the request says. */
function expectedSignature(request: IncomingMessage, secret: string): string {
  const authorization = request.headers.authorization ?? '';
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '';
  const scope = /Credential=[^/]+\/([^,]+)/.exec(authorization)?.[1] ?? '';
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [
    request.method,
    request.url,
    '',
    headers.join(''),
    signed,
    request.headers['x-amz-content-sha256'],
  ];
  const hash = createHash('sha256').update(canonical.join('\n')).digest('hex');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hash].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${secret}`,
    );
  return createHmac('sha256', key).update(text).digest('hex');
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => void server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** The metadata service, version 2 alone. */
const metadata = () =>
  listen((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'PUT' && path === '/latest/api/token') {
      response.writeHead(request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ? 200 : 400).end('a-token');
    } else if (request.headers['x-aws-ec2-metadata-token'] !== 'a-token') {
      response.writeHead(401).end();
    } else if (path === '/latest/meta-data/iam/security-credentials/') {
      response.end('media-role');
    } else if (path === '/latest/meta-data/iam/security-credentials/media-role') {
      response.end(JSON.stringify({ Code: 'Success', ...credentials }, null, 2));
    } else {
      response.writeHead(404).end();
    }
  });

/** The object store; each answer of the list is for one request, the last for all that follow. */
async function store(key: string, answers: (Buffer | number)[]) {
  const seen = { requests: 0, wrong: [] as string[] };
  const url = await listen((request, response) => {
    const answer = answers[Math.min(seen.requests, answers.length - 1)];
    seen.requests += 1;
    const signature = /Signature=([0-9a-f]+)/.exec(request.headers.authorization ?? '')?.[1];
    if (request.url !== `/${key}`) seen.wrong.push(`path ${request.url}`);
    if (signature !== expectedSignature(request, credentials.SecretAccessKey)) seen.wrong.push('signature');
    if (!/x-amz-security-token/.test(request.headers.authorization ?? ''))
      seen.wrong.push('token is not signed');
    if (request.headers['x-amz-security-token'] !== credentials.Token) seen.wrong.push('token');
    if (typeof answer === 'number') response.writeHead(answer).end('<Error/>');
    else response.end(answer);
  });
  return { url, seen };
}

async function boot(script: string, root: string, urls: { metadata: string; store: string }) {
  const child = spawn('bash', ['-s'], {
    env: {
      PATH: process.env.PATH,
      HOLDFAST_ROOT: root,
      HOLDFAST_METADATA: urls.metadata,
      HOLDFAST_OBJECT_STORE: urls.store,
      HOLDFAST_RETRY_SECONDS: '0',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  child.stdin.end(script);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

const emptyRoot = () => mkdtempSync(join(tmpdir(), 'holdfast-root-'));
const keyOf = (sha256: string) => `release/${sha256}`;

describe('the first boot of a machine', () => {
  it('writes down what it was launched as, fetches its bundle with its own identity, and starts it', async () => {
    const { content, sha256 } = makeBundle();
    const objects = await store(keyOf(sha256), [content]);
    const root = emptyRoot();
    const script = userData({ bucket: 'bundles', key: keyOf(sha256), sha256 }, launch);
    const { code, output } = await boot(script, root, { metadata: await metadata(), store: objects.url });
    expect(code, output).toBe(0);
    expect(objects.seen).toEqual({ requests: 1, wrong: [] });
    const told = launchDescription.parse(
      JSON.parse(readFileSync(join(root, 'etc/holdfast/launch.json'), 'utf8')),
    );
    expect(told).toEqual(launchDescription.parse(launch));
    expect(readFileSync(join(root, 'etc/holdfast/booted'), 'utf8')).toBe(
      `${root}/opt/holdfast/${sha256}/first-boot ${root}/etc/holdfast/launch.json\n`,
    );
  });

  it('tries again while the store does not answer, and takes a half of a bundle for none', async () => {
    const { content, sha256 } = makeBundle();
    const objects = await store(keyOf(sha256), [503, content.subarray(0, 20), content]);
    const root = emptyRoot();
    const script = userData({ bucket: 'bundles', key: keyOf(sha256), sha256 }, launch);
    const { code } = await boot(script, root, { metadata: await metadata(), store: objects.url });
    expect(code).toBe(0);
    expect(objects.seen.requests).toBe(3);
    expect(existsSync(join(root, 'etc/holdfast/booted'))).toBe(true);
  });

  it('starts nothing that has another checksum', async () => {
    const { content, sha256 } = makeBundle();
    const objects = await store(keyOf(sha256), [Buffer.concat([content, Buffer.from('\0')])]);
    const root = emptyRoot();
    const script = userData({ bucket: 'bundles', key: keyOf(sha256), sha256 }, launch);
    const { code, output } = await boot(script, root, { metadata: await metadata(), store: objects.url });
    expect(code).toBe(1);
    expect(output).toContain('no bundle with the right checksum');
    expect(existsSync(join(root, 'etc/holdfast/booted'))).toBe(false);
  });

  it('may be run again: what is there is not fetched twice', async () => {
    const { content, sha256 } = makeBundle();
    const objects = await store(keyOf(sha256), [content]);
    const root = emptyRoot();
    const script = userData({ bucket: 'bundles', key: keyOf(sha256), sha256 }, launch);
    const urls = { metadata: await metadata(), store: objects.url };
    await boot(script, root, urls);
    expect((await boot(script, root, urls)).code).toBe(0);
    expect(objects.seen.requests).toBe(1);
  });

  it('does not show credentials on a command line', () => {
    const script = userData({ bucket: 'bundles', key: 'release/x', sha256: 'x' }, launch);
    for (const command of script.split('\n').filter((line) => line.includes('curl '))) {
      expect(command).not.toMatch(/\$(secret|session|key)\b/);
    }
  });

  it('is refused when EC2 would not take it', () => {
    const long = { ...launch, stack: 'x'.repeat(16 * 1024) };
    expect(() => userData({ bucket: 'bundles', key: 'release/x', sha256: 'x' }, long)).toThrow(
      /EC2 takes 16384/,
    );
  });

  it('is refused for a machine that is nothing', () => {
    const { mediaNode, ...nothing } = launch;
    expect(mediaNode).toBeDefined();
    expect(() => userData({ bucket: 'bundles', key: 'release/x', sha256: 'x' }, nothing)).toThrow(
      'has no part',
    );
  });
});
