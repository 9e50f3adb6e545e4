// All that a machine asks of AWS when it boots, on one address; started in the machine's own network, which has nothing else.
//   node fake-aws-main.ts SETTINGS.json
import { appendFileSync, createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const settings = z
  .object({
    /** The bundle, and the path under which the object store has it. */
    bundle: z.string(),
    key: z.string(),
    /** The machine's hosts file, which stands for the private zone. */
    hosts: z.string(),
    metadata: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));

const secrets = new Map<string, string>();
const asked = new Map<string, number>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(request.url ?? '/');
  const send = (status: number, body: string, type = 'text/plain') => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };
  if (path === '/latest/api/token') return send(200, 'a-token');
  if (path.startsWith('/latest/meta-data/')) {
    if (request.headers['x-aws-ec2-metadata-token'] !== 'a-token') return send(401, '');
    const value = settings.metadata[path.slice('/latest/meta-data/'.length)];
    return value === undefined ? send(404, '') : send(200, value);
  }
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/'))
    return send(403, '');
  if (path === `/${settings.key}`) {
    // The first time it is not there yet, as it may be with any object store.
    if (count('bundle') === 1) return send(503, '');
    response.writeHead(200, { 'content-length': statSync(settings.bundle).size });
    createReadStream(settings.bundle).pipe(response);
    return;
  }
  const body = await text(request);
  const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  if (target !== undefined)
    return send(...secretsManager(target, JSON.parse(body)), 'application/x-amz-json-1.1');
  if (path.includes('/hostedzone/Z123/rrset')) {
    const [, name = ''] = /<Name>([^<]+)<\/Name>/.exec(body) ?? [];
    const [, address = ''] = /<Value>([^<]+)<\/Value>/.exec(body) ?? [];
    appendFileSync(settings.hosts, `${address} ${name}\n`);
    const info = '<Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt>';
    const xml = `<ChangeResourceRecordSetsResponse><ChangeInfo>${info}</ChangeInfo></ChangeResourceRecordSetsResponse>`;
    return send(200, xml, 'text/xml');
  }
  if (body.includes('Action=DescribeInstanceTypes')) {
    const item =
      '<item><instanceType>c7i.xlarge</instanceType><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo></item>';
    const xml = `<DescribeInstanceTypesResponse><instanceTypeSet>${item}</instanceTypeSet></DescribeInstanceTypesResponse>`;
    return send(200, xml, 'text/xml');
  }
  send(404, '');
}

function secretsManager(target: string, asked: Record<string, string>): [number, string] {
  const name = asked.SecretId ?? '';
  const value = secrets.get(name);
  switch (target) {
    case 'GetSecretValue':
      return value === undefined
        ? [400, JSON.stringify({ __type: 'ResourceNotFoundException', message: 'no value' })]
        : [200, JSON.stringify({ Name: name, SecretString: value })];
    case 'PutSecretValue':
      if (value !== undefined)
        return [400, JSON.stringify({ __type: 'ResourceExistsException', message: 'is there' })];
      secrets.set(name, asked.SecretString ?? '');
      return [200, JSON.stringify({ Name: name })];
    default:
      return [400, JSON.stringify({ __type: 'InvalidAction' })];
  }
}

function count(what: string): number {
  const times = (asked.get(what) ?? 0) + 1;
  asked.set(what, times);
  return times;
}

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.writeHead(500).end();
  });
}).listen(80, '169.254.169.254', () => process.stdout.write('listening\n'));
