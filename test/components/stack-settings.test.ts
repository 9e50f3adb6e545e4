import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stackFileSchema } from '../../components/settings-schema.ts';
import { stackSettings } from '../../components/stack-settings.ts';

describe('a stack’s configuration', () => {
  it('is read as the engine hands it out: text as it stands, structures as JSON', () => {
    expect(
      stackSettings({
        'aws:region': 'eu-central-1',
        'holdfast:cloud': 'aws',
        'holdfast:phase': 'single',
        'holdfast:media': '{"machineType":"c7i.xlarge","max":2}',
        'holdfast:protect': 'false',
      }),
    ).toEqual({
      cloud: 'aws',
      settings: { phase: 'single', media: { machineType: 'c7i.xlarge', max: 2 }, protect: false },
    });
  });

  it('has no key that nobody reads', () => {
    expect(() => stackSettings({ 'holdfast:cloud': 'aws', 'holdfast:phaze': 'single' })).toThrow(
      /holdfast:phaze is not known\n {4}There are cloud, phase, release, media/,
    );
  });

  it('names its cloud', () => {
    expect(() => stackSettings({})).toThrow('holdfast:cloud is missing');
    expect(() => stackSettings({ 'holdfast:cloud': 'ovh' })).toThrow(
      'is "ovh", and there are aws, azure, gcp, digitalocean',
    );
  });

  it('has a JSON schema for editors that is up to date (npm run stack:schema)', () => {
    const file = new URL('../../stacks/stack-config.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(stackFileSchema())));
  });

  it('describes every key in the schema, with an example', () => {
    const described = JSON.stringify(stackFileSchema());
    for (const key of ['cloud', 'phase', 'media', 'domain', 'drain', 'tags', 'protect']) {
      expect(described).toContain(`"holdfast:${key}"`);
    }
  });
});
