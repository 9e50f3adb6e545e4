import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@holdfast/media-server/config/index.ts';
import { findMachineFacts } from '@holdfast/media-server/machine/find-machine-facts.ts';
import { factsFromLocal } from '@holdfast/media-server/machine/from-local.ts';
import { machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const whole = {
  nodeId: 'i-0abc',
  privateAddress: '10.0.1.7',
  publicAddresses: ['203.0.113.9', '2001:db8::9'],
  zone: 'eu-central-1a',
  machineType: 'c7i.xlarge',
  market: 'spot',
  workers: 4,
  generation: '17',
} as const;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'facts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const fromFile = (text: string) => {
  const path = join(directory, 'machine.json');
  writeFileSync(path, text);
  return findMachineFacts({ from: 'file', path }, {});
};

describe('what machine a process is on', () => {
  it('is read from the file that the first boot wrote', async () => {
    expect(await fromFile(JSON.stringify(whole))).toEqual(whole);
  });

  it('is read from the environment, where lists have commas', async () => {
    const env = {
      HOLDFAST_NODE_ID: 'i-0abc',
      HOLDFAST_PRIVATE_ADDRESS: '10.0.1.7',
      HOLDFAST_PUBLIC_ADDRESSES: '203.0.113.9, 2001:db8::9',
      HOLDFAST_ZONE: 'eu-central-1a',
      HOLDFAST_MACHINE_TYPE: 'c7i.xlarge',
      HOLDFAST_MARKET: 'spot',
      HOLDFAST_WORKERS: '4',
      HOLDFAST_GENERATION: '17',
    };
    expect(await findMachineFacts({ from: 'environment' }, env)).toEqual(whole);
  });

  it('is this computer by itself where nothing else is said: on loopback, with all its cores', async () => {
    expect(await findMachineFacts({ from: 'local' })).toMatchObject({
      privateAddress: '127.0.0.1',
      publicAddresses: [],
      zone: null,
      machineType: 'local',
      market: 'on-demand',
      workers: availableParallelism(),
    });
  });

  it.each([
    ['my laptop', 'my-laptop'],
    ['-ubuntu', 'ubuntu'],
    ['été', 't-'],
    ['ü', 'local'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('is called after its host: %s becomes %s', (hostname, nodeId) => {
    expect(machineFacts.parse(factsFromLocal(hostname)).nodeId).toBe(nodeId);
  });

  it.each([
    ['no JSON', '{'],
    ['no machine', '{}'],
    ['an address that is none', JSON.stringify({ ...whole, privateAddress: 'ten' })],
    ['a market that is none', JSON.stringify({ ...whole, market: 'flea' })],
    ['a fact that nobody knows', JSON.stringify({ ...whole, colour: 'grey' })],
  ])('is never guessed: %s is a fault of the configuration, and says where', async (_what, text) => {
    const facts = fromFile(text);
    await expect(facts).rejects.toThrow(ConfigError);
    await expect(facts).rejects.toThrow(/machine facts from file/);
  });

  it('is not taken from elsewhere when the way that was named leads nowhere', async () => {
    await expect(findMachineFacts({ from: 'environment' }, {})).rejects.toThrow(/nodeId/);
    await expect(findMachineFacts({ from: 'file', path: join(directory, 'none') }, {})).rejects.toThrow(
      /ENOENT/,
    );
  });
});
