import { describe, expect, it } from 'vitest';
import { awsTraits } from '../../components/aws/aws-traits.ts';
import { checkSettings } from '../../components/check-settings.ts';
import type { CloudTraits } from '../../components/cloud-traits.ts';
import { SettingsError, settingKey } from '../../components/setting-issue.ts';

const single = {
  phase: 'single',
  release: { bundle: 'bundle.tar.zst', sha256: 'a'.repeat(64), machineImage: 'ami-0123456789abcdef0' },
  media: { machineType: 'c7i.xlarge' },
  domain: { name: 'meet.example.org', acmeEmail: 'operations@example.org' },
  network: { zones: ['eu-central-1a'] },
};
const elastic = {
  ...single,
  phase: 'elastic',
  media: { machineType: 'c7i.xlarge', min: 1, max: 10 },
  controlPlane: { machineType: 't3.small' },
  turn: { machineType: 't3.small' },
  domain: { name: 'meet.example.org', zoneId: 'Z1' },
  network: { zones: ['eu-central-1a', 'eu-central-1b'] },
};

/** A cloud with one piece of patience, no Spot and no zones: a different one in every respect. */
const otherTraits: CloudTraits = {
  cloud: 'gcp',
  examples: {
    ...awsTraits.examples,
    'release.machineImage': 'projects/debian-cloud/global/images/debian-12-v20261112',
    'network.zones': ['europe-west3-a'],
  },
  machineImage: /^projects\//,
  zones: {
    least: { single: 0, elastic: 0, ha: 0 },
    pattern: /^[a-z-]+\d-[a-f]$/,
  },
  networkPrefix: { least: 8, most: 29 },
  spot: false,
  patience: { leastSeconds: 1, mostSeconds: 3600, wholeDrainSeconds: (seconds) => seconds },
  tagProblem: (key) => (/^[a-z][a-z0-9_-]*$/.test(key) ? undefined : 'may only have small letters'),
};

function issuesOf(raw: unknown, traits = awsTraits) {
  try {
    checkSettings(raw, traits);
  } catch (error) {
    if (error instanceof SettingsError) return error.issues;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('are filled in where nothing is said', () => {
    const checked = checkSettings(single, awsTraits);
    expect(checked).toMatchObject({
      protect: true,
      media: { min: 1, max: 1, spotShare: 0, diskGb: 20 },
      drain: { policy: 'migrate', patienceSeconds: 300 },
      network: { cidr: '10.64.0.0/16' },
      turn: { servers: 1 },
    });
    expect(issuesOf(elastic)).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    [
      'holdfast:phase',
      { ...single, phase: undefined },
      'is missing',
      "pulumi config set 'holdfast:phase' 'single'",
    ],
    [
      'holdfast:media.machineType',
      { ...single, media: {} },
      'is missing',
      "pulumi config set --path 'holdfast:media.machineType' 'c7i.xlarge'",
    ],
    [
      'holdfast:media.maxx',
      { ...single, media: { machineType: 'c7i.xlarge', maxx: 3 } },
      'is not known',
      "pulumi config rm --path 'holdfast:media.maxx'",
    ],
    [
      'holdfast:media.diskGb',
      { ...single, media: { machineType: 'c7i.xlarge', diskGb: 2 } },
      'is wrong',
      'set --path',
    ],
    [
      'holdfast:release.sha256',
      { ...single, release: { ...single.release, sha256: 'beef' } },
      '64 hexadecimal',
      'set --path',
    ],
    [
      'holdfast:domain.name',
      { ...single, domain: { ...single.domain, name: 'Meet' } },
      'no host name',
      "'meet.example.org'",
    ],
    [
      'holdfast:release.machineImage',
      { ...single, release: { ...single.release, machineImage: 'debian-12' } },
      'only one fixed image',
      'ami-0123456789abcdef0',
    ],
    [
      'holdfast:network.zones',
      { ...single, network: {} },
      'phase single needs 1',
      '["eu-central-1a","eu-central-1b"]',
    ],
    [
      'holdfast:network.zones',
      { ...elastic, network: { zones: ['eu-central-1a', 'eu-central-1a'] } },
      'has 1 zones',
      'eu-central-1b',
    ],
    [
      'holdfast:network.zones[1]',
      { ...elastic, network: { zones: ['eu-central-1a', 'b'] } },
      'no zone of this cloud',
      '["eu-central-1a","eu-central-1b"]',
    ],
    [
      'holdfast:network.cidr',
      { ...single, network: { ...single.network, cidr: '10.0.0.0/8' } },
      '/16 to /24',
      '10.64.0.0/16',
    ],
    [
      'holdfast:media.min',
      { ...elastic, media: { ...elastic.media, min: 11 } },
      'more than media.max',
      "'11'",
    ],
    [
      'holdfast:media.initial',
      { ...elastic, media: { ...elastic.media, initial: 11 } },
      'not between',
      "'1'",
    ],
    [
      'holdfast:media.max',
      { ...single, media: { ...single.media, max: 3 } },
      'one machine does it all',
      "'elastic'",
    ],
    [
      'holdfast:media.spotShare',
      { ...single, media: { ...single.media, spotShare: 0.5 } },
      'no second machine',
      "'0'",
    ],
    ['holdfast:turn.servers', { ...single, turn: { servers: 2 } }, 'one machine does it all', "'1'"],
    [
      'holdfast:controlPlane.replicas',
      { ...elastic, controlPlane: { machineType: 't3.small', replicas: 2 } },
      'common store',
      "'ha'",
    ],
    [
      'holdfast:controlPlane.replicas',
      { ...elastic, phase: 'ha', stateStore: { machineType: 'cache.t4g.small' } },
      'nothing is single',
      "'2'",
    ],
    ['holdfast:turn.machineType', { ...elastic, turn: {} }, 'machines of its own', "'t3.small'"],
    [
      'holdfast:stateStore.machineType',
      { ...elastic, phase: 'ha', controlPlane: { machineType: 't3.small', replicas: 2 } },
      'machines of its own',
      "'cache.t4g.small'",
    ],
    [
      'holdfast:drain.maxWaitMinutes',
      { ...elastic, drain: { policy: 'wait-then-migrate' } },
      'end of waiting',
      "'30'",
    ],
    [
      'holdfast:drain.maxWaitMinutes',
      { ...elastic, drain: { maxWaitMinutes: 5 } },
      'nobody waits',
      'wait-then-migrate',
    ],
    [
      'holdfast:drain.patienceSeconds',
      { ...elastic, drain: { patienceSeconds: 10 } },
      'waits 30 to 7200 s',
      "'300'",
    ],
    [
      // A hundred heartbeats of 30 s are 50 minutes.
      'holdfast:drain.maxWaitMinutes',
      { ...elastic, drain: { policy: 'wait-then-migrate', maxWaitMinutes: 60, patienceSeconds: 30 } },
      'ends a drain after 50 min',
      "'48'",
    ],
    [
      'holdfast:domain.acmeEmail',
      { ...single, domain: { name: 'meet.example.org' } },
      'asks for its certificate',
      'operations@',
    ],
    [
      'holdfast:domain.certificateId',
      { ...elastic, domain: { name: 'meet.example.org' } },
      'prove that the name is yours',
      'zoneId',
    ],
    ['holdfast:tags["aws:x"]', { ...single, tags: { 'aws:x': '1' } }, 'keeps for itself', 'config rm'],
    ['holdfast:tags["a/b"]', { ...single, tags: { 'a/b': '1' } }, 'metadata service', 'config rm'],
    [
      'holdfast:tags["holdfast:x"]',
      { ...single, tags: { 'holdfast:x': '1' } },
      'how parts of a stack are found',
      'config rm',
    ],
    ['holdfast:tags["a"]', { ...single, tags: { a: 'no\nlines' } }, 'value with other signs', 'config rm'],
  ])('%s: the key, what is wrong, what to do', (key, raw, problem, fix) => {
    const issues = issuesOf(raw);
    expect(issues.map((issue) => issue.key)).toEqual([key]);
    expect(issues[0]?.problem).toContain(problem);
    expect(issues[0]?.fix).toContain(fix);
  });

  it('names all that is wrong at once, in one message', () => {
    const raw = { ...elastic, turn: {}, controlPlane: {}, tags: { 'aws:x': '1' } };
    expect(() => checkSettings(raw, awsTraits)).toThrow(
      /configuration cannot work:\n {2}holdfast:controlPlane.machineType is missing.*\n {4}pulumi.*\n {2}holdfast:turn.machineType.*holdfast:tags/s,
    );
  });

  it('are judged by what their cloud can do', () => {
    const there = {
      ...elastic,
      release: {
        ...elastic.release,
        machineImage: 'projects/debian-cloud/global/images/debian-12-v20261112',
      },
      network: {},
    };
    expect(issuesOf(there, otherTraits)).toEqual([]);
    const keys = (raw: object) => issuesOf({ ...there, ...raw }, otherTraits).map(({ key }) => key);
    expect(keys({ media: { ...elastic.media, spotShare: 0.5 } })).toEqual(['holdfast:media.spotShare']);
    expect(keys({ tags: { Team: 'x' } })).toEqual(['holdfast:tags["Team"]']);
    expect(keys({ network: { zones: ['eu-central-1a'] } })).toEqual(['holdfast:network.zones[0]']);
    // It waits once and not again: what is left for waiting is what one patience has beyond the drain itself.
    const waiting = (maxWaitMinutes: number, patienceSeconds: number) =>
      keys({ drain: { policy: 'wait-then-migrate', maxWaitMinutes, patienceSeconds } });
    expect(waiting(58, 3600)).toEqual([]);
    expect(waiting(59, 3600)).toEqual(['holdfast:drain.maxWaitMinutes']);
    expect(waiting(1, 60)).toEqual(['holdfast:drain.maxWaitMinutes']);
  });

  it('are named as the command line names them', () => {
    expect(settingKey(['media', 'max'])).toBe('holdfast:media.max');
    expect(settingKey(['network', 'zones', 1])).toBe('holdfast:network.zones[1]');
  });
});
