import { ConfigError } from '@holdfast/media-server/config/index.ts';
import { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { findMachineFacts } from '@holdfast/media-server/machine/find-machine-facts.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeImds, type FakeImdsOptions } from '../../lifecycle-hooks/clouds/aws/fake-imds.ts';
import { FakeInstance } from '../../lifecycle-hooks/clouds/aws/fake-instance.ts';
import { ManualClock } from '../process/manual-clock.ts';

let imds: FakeImds;
afterEach(() => imds.close());

async function machine(options: FakeImdsOptions & { readonly market?: 'spot' } = {}): Promise<FakeInstance> {
  const clock = new ManualClock();
  const instance = new FakeInstance(
    {
      id: 'i-0123456789abcdef0',
      zone: 'eu-central-1b',
      type: 'c7i.xlarge',
      market: options.market ?? 'on-demand',
      template: { id: 'lt-0123456789abcdef0', version: '7' },
      launchedAtMs: clock.now(),
      isProtected: true,
    },
    { clock, hooks: () => [], deregistrationMs: 0, changed: () => {}, left: () => {} },
  );
  imds = await new FakeImds(instance, options).listen();
  return instance;
}

const metadata = (timeoutMs?: number) => new AwsMetadata({ endpoint: imds.endpoint, timeoutMs });
const facts = () => findMachineFacts({ from: 'aws', metadataEndpoint: imds.endpoint }, {});
const unreachable = expect.objectContaining({ code: 'CLOUD_UNREACHABLE' });
const puts = () => imds.requests.filter((request) => request.startsWith('PUT')).length;

describe("a machine's facts at AWS", () => {
  it('are what its metadata says', async () => {
    await machine({ publicAddress: '203.0.113.9', tags: true, market: 'spot' });
    expect(await facts()).toMatchObject({
      nodeId: 'i-0123456789abcdef0',
      privateAddress: '10.0.0.7',
      publicAddresses: ['203.0.113.9'],
      zone: 'eu-central-1b',
      machineType: 'c7i.xlarge',
      market: 'spot',
      generation: 'lt-0123456789abcdef0:7',
      workers: expect.any(Number),
    });
  });

  it('have no public address and no generation where the metadata has none', async () => {
    await machine();
    const found = await facts();
    expect(found).toMatchObject({ publicAddresses: [], market: 'on-demand' });
    expect(found).not.toHaveProperty('generation');
  });

  it('cannot be guessed when the metadata does not answer', async () => {
    await machine();
    imds.mood = 'fails';
    await expect(facts()).rejects.toThrow(ConfigError);
  });
});

describe("AWS's instance metadata", () => {
  it('needs a token, which is asked for once', async () => {
    await machine();
    const ours = metadata();
    expect(await Promise.all(['instance-id', 'instance-type'].map((path) => ours.get(path)))).toEqual([
      'i-0123456789abcdef0',
      'c7i.xlarge',
    ]);
    await ours.get('local-ipv4');
    expect(puts()).toBe(1);
  });

  it('whose token ends before its time is asked with another one', async () => {
    await machine();
    const ours = metadata();
    await ours.get('instance-id');
    for (const path of ['instance-id', 'instance-type', 'local-ipv4']) {
      imds.forgetTokens();
      expect(await ours.get(path)).toBeDefined();
    }
    expect(puts()).toBe(4);
  });

  it('whose tokens end all the time is not asked for ever', async () => {
    await machine();
    const ours = metadata();
    const asked = imds.requests.length;
    imds.mood = 'refuses';
    await expect(ours.get('instance-id')).rejects.toEqual(unreachable);
    expect(imds.requests.length - asked).toBe(4);
  });

  it('that has nothing to say is not one that does not answer', async () => {
    await machine();
    expect(await metadata().get('spot/instance-action')).toBeUndefined();
    imds.mood = 'fails';
    await expect(metadata().get('spot/instance-action')).rejects.toEqual(unreachable);
    imds.mood = 'hangs';
    await expect(metadata(100).get('spot/instance-action')).rejects.toEqual(unreachable);
  });

  it('is found again after it was away', async () => {
    await machine();
    const ours = metadata();
    await imds.close();
    await expect(ours.get('instance-id')).rejects.toEqual(unreachable);
    await imds.listen();
    expect(await ours.get('instance-id')).toBe('i-0123456789abcdef0');
  });

  it('does not reach into a container past its hop limit, and the error says so', async () => {
    await machine({ hops: 2 });
    await expect(metadata(100).get('instance-id')).rejects.toThrow(/hop limit/);
  });
});
