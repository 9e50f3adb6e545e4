import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { neededPackages } from '../../../cli/setup/needed-packages.mjs';

/** A project with two workspaces, of which one needs what is large. */
const lock = new Map(
  Object.entries({
    '': { devDependencies: { lint: '1' }, dependencies: { log: '1' } },
    meetings: { dependencies: { media: '1' }, devDependencies: { fake: '1' } },
    clouds: { dependencies: { meetings: '1', large: '1' } },
    'node_modules/meetings': { link: true, resolved: 'meetings' },
    'node_modules/clouds': { link: true, resolved: 'clouds' },
    'node_modules/lint': {
      peerDependencies: { peer: '1', maybe: '1' },
      peerDependenciesMeta: { maybe: { optional: true } },
    },
    'node_modules/peer': {},
    'node_modules/maybe': {},
    'node_modules/log': { devDependencies: { never: '1' } },
    'node_modules/never': {},
    'node_modules/fake': {},
    'node_modules/media': { dependencies: { shared: '1' }, optionalDependencies: { fast: '1' } },
    'node_modules/media/node_modules/shared': { dependencies: { deep: '1' } },
    'node_modules/fast': { optional: true },
    'node_modules/deep': {},
    'node_modules/shared': { dependencies: { large: '1' } },
    'node_modules/large': {},
  }),
);

describe('what a part of the project needs', () => {
  it('is what its workspaces reach, each package where Node would find it', () => {
    expect([...neededPackages(lock, ['meetings'])].sort()).toEqual([
      'node_modules/deep',
      'node_modules/fake',
      'node_modules/fast',
      'node_modules/lint',
      'node_modules/log',
      'node_modules/media',
      'node_modules/media/node_modules/shared',
      'node_modules/meetings',
      'node_modules/peer',
    ]);
  });

  it('reaches a workspace’s own needs through a link', () => {
    const needed = neededPackages(lock, ['clouds']);
    expect(needed.has('node_modules/large')).toBe(true);
    expect(needed.has('node_modules/media')).toBe(true);
  });

  it('leaves Pulumi out of meetings, and nothing that they need', () => {
    const real = new Map<string, object>(
      Object.entries(
        JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')).packages,
      ),
    );
    const needed = [...neededPackages(real, ['coturn-config-lite', 'lifecycle-hooks', 'media-server'])];
    expect(needed.filter((path) => /@pulumi|@grpc/.test(path))).toEqual([]);
    expect(needed).toEqual(
      expect.arrayContaining(['node_modules/mediasoup', 'node_modules/vitest', 'node_modules/zod']),
    );
    const all = neededPackages(real, ['components', 'stacks']);
    expect(all.has('node_modules/@pulumi/aws')).toBe(true);
  });
});
