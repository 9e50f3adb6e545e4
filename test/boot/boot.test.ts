import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeList } from '@holdfast/media-server/protocol/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archive } from '../../cli/bundle/archive.ts';
import { collect } from '../../cli/bundle/collect.ts';
import { userData } from '../../components/aws/user-data.ts';
import { controlPlanePart, mediaNodePart, turnServerPart } from '../lifecycle-hooks/boot/launches.ts';
import { MachineRoom } from './machine-room.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { HOLDFAST_DEBIAN_ROOT: debian, MEDIASOUP_WORKER_BIN: worker } = process.env;
const own = '10.40.1.5';
const metadata = {
  'instance-id': 'i-0123456789abcdef0',
  'local-ipv4': own,
  'public-ipv4': '203.0.113.9',
  'placement/availability-zone': 'eu-central-1a',
  'instance-type': 'c7i.xlarge',
  'instance-life-cycle': 'on-demand',
  'iam/security-credentials/': 'media',
  'iam/security-credentials/media': JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'secret',
    Token: 'token',
    LastUpdated: '2026-01-01T00:00:00Z',
    Expiration: '2099-01-01T00:00:00Z',
  }),
};

function turnserver(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v turnserver'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
const coturn = turnserver();
const possible = debian !== undefined && worker !== undefined && coturn !== undefined;
if (!possible)
  process.stderr.write('a machine does not boot in this run: no clean Debian, worker or coturn here\n');

describe.skipIf(!possible)('a machine with nothing but Debian and the object store', () => {
  let machine: MachineRoom;
  const took: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T> | T): Promise<T> => {
    const startedMs = performance.now();
    const result = await work();
    took[what] = Math.round(performance.now() - startedMs);
    return result;
  };

  beforeAll(async () => {
    machine = await MachineRoom.open(debian ?? '', [own, '169.254.169.254']);
    const folder = machine.beside('release');
    const pages = `${root}media-server/web/dist`;
    await collect(
      root,
      { node: process.execPath, worker: worker ?? '', turnserver: coturn ?? '', pages },
      folder,
    );
    const bundle = machine.beside('release.tar.gz');
    await archive(folder, bundle);
    const sha256 = createHash('sha256').update(readFileSync(bundle)).digest('hex');
    const key = `release/${sha256}`;
    const settings = machine.beside('aws.json');
    writeFileSync(settings, JSON.stringify({ bundle, key, hosts: `${machine.root}/etc/hosts`, metadata }));
    await machine.startOutside(process.execPath, [
      fileURLToPath(new URL('./fake-aws-main.ts', import.meta.url)),
      settings,
    ]);
    const script = userData(
      { bucket: 'bundles', key, sha256 },
      {
        stack: 'holdfast-test',
        cloud: {
          kind: 'aws',
          region: 'eu-central-1',
          group: 'holdfast-media',
          drainHook: { name: 'holdfast-drain', heartbeatSeconds: 300 },
        },
        home: { privateName: 'control-plane.holdfast.internal', internalPort: 8444 },
        controlPlane: { ...controlPlanePart, entrance: { tls: 'none' } },
        mediaNode: { ...mediaNodePart, workers: 1 },
        turnServer: turnServerPart,
      },
    );
    machine.write('/root/user-data', script);
    await timed('user data to units', () =>
      machine.run('bash', ['/root/user-data'], {
        HOLDFAST_OBJECT_STORE: 'http://169.254.169.254',
        HOLDFAST_CLOUD_API: 'http://169.254.169.254',
        HOLDFAST_RETRY_SECONDS: '1',
      }),
    );
  }, 300_000);
  // Removing a whole Debian takes its time on a busy disk.
  afterAll(() => machine?.close(), 120_000);

  it('has units that systemd understands, one for each of its parts', () => {
    expect(machine.enabled()).toEqual([
      'holdfast-autoscaler.service',
      'holdfast-boot.service',
      'holdfast-control-plane.service',
      'holdfast-drain-agent.service',
      'holdfast-media-node.service',
      'holdfast-turn-server.service',
    ]);
    const files = machine.enabled().map((unit) => `/etc/systemd/system/${unit}`);
    expect(machine.run('systemd-analyze', ['verify', '--man=no', ...files])).toBe('');
  });

  it('keeps secrets where nobody else reads them, and none on the disk', () => {
    const modes = machine.run('sh', ['-c', 'stat -c "%a %U" /run/holdfast/*.env']).trim().split('\n');
    expect(new Set(modes)).toEqual(new Set(['600 holdfast']));
    const token =
      /HOLDFAST_CLUSTER_TOKEN=(.+)/.exec(machine.run('cat', ['/run/holdfast/media-node.env']))?.[1] ?? '';
    expect(token).toHaveLength(43);
    expect(() => machine.run('grep', ['-rqF', token, '/etc', '/opt', '/root', '/var'])).toThrow();
  });

  it('serves: the control plane is ready, the media node and the TURN server are registered', async () => {
    await timed('units to ready', async () => {
      for (const unit of machine.enabled()) if (unit !== 'holdfast-boot.service') machine.start(unit);
      const env = machine.run('cat', ['/run/holdfast/control-plane.env']);
      const token = /HOLDFAST_OPERATOR_TOKEN=(.+)/.exec(env)?.[1] ?? '';
      await expect
        .poll(
          () => {
            const answer = machine.get('http://127.0.0.1:8080/v1/nodes', token);
            const { nodes } = nodeList.parse(JSON.parse(answer ?? '{"nodes":[]}'));
            return nodes.map(({ role, nodeId, zone, reachable }) => ({ role, nodeId, zone, reachable }));
          },
          { timeout: 60_000, interval: 500 },
        )
        .toEqual([
          { role: 'media', nodeId: metadata['instance-id'], zone: 'eu-central-1a', reachable: true },
          { role: 'turn', nodeId: `${metadata['instance-id']}.turn`, zone: 'eu-central-1a', reachable: true },
        ]);
    });
    expect(machine.get('http://127.0.0.1:8080/')).toContain('<title>');
    expect(machine.get(`http://${own}:8445/readyz`)).toBeDefined();
    expect(existsSync(`${machine.root}/root/user-data`)).toBe(true);
    process.stdout.write(`a machine's first boot, ms: ${JSON.stringify(took)}\n`);
  }, 120_000);

  it('may be booted again: the same units, the same secrets', () => {
    const before = machine.run('cat', ['/run/holdfast/control-plane.env', '/etc/holdfast/media-node.json']);
    machine.run('/opt/holdfast/current/first-boot', ['/etc/holdfast/launch.json'], {
      HOLDFAST_CLOUD_API: 'http://169.254.169.254',
    });
    expect(machine.run('cat', ['/run/holdfast/control-plane.env', '/etc/holdfast/media-node.json'])).toBe(
      before,
    );
  });
});
