import { defaultPolicy } from '@holdfast/lifecycle-hooks/autoscaler/policy.ts';
import {
  type AutoscalerConfigInput,
  autoscalerConfig,
} from '@holdfast/media-server/config/autoscaler-config.ts';
import { describe, expect, it } from 'vitest';

const choices = [{ machineType: 'local', workers: 2 }];
const config: AutoscalerConfigInput = {
  role: 'autoscaler',
  controlPlane: { urls: ['ws://10.0.0.1:9000/internal/scaling'] },
  fleet: { kind: 'local', socket: '/run/fleet' },
  policy: { choices },
};
const messages = (about: object) =>
  autoscalerConfig
    .safeParse({ ...config, ...about })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('the configuration of the autoscaler', () => {
  it('needs only where control plane and fleet are, and as what machines may be launched', () => {
    const parsed = autoscalerConfig.parse(config);
    expect(parsed).toMatchObject({ dryRun: false, intervalMs: 5000, leaseMs: 20_000 });
    expect(parsed.policy).toEqual({ ...defaultPolicy, choices });
  });

  it.each([
    {
      what: 'more machines at least than at most',
      about: { policy: { choices, minNodes: 5, maxNodes: 4 } },
      says: 'policy.maxNodes: must not be less than minNodes',
    },
    {
      what: 'nothing to launch',
      about: { policy: { choices: [] } },
      says: 'policy.choices: must say as what machines may be launched',
    },
    {
      what: 'the same choice twice',
      about: { policy: { choices: [...choices, ...choices] } },
      says: 'policy.choices: must not name the same zone, type and market twice',
    },
    {
      what: 'a lease that is over before the second look',
      about: { intervalMs: 10_000, leaseMs: 20_000 },
      says: 'leaseMs: must be at least 3 times intervalMs',
    },
    {
      what: 'a group that launches none of the choices',
      about: { fleet: { kind: 'aws', region: 'r', group: 'g', machine: { type: 'c7i.xlarge' } } },
      says: 'policy.choices: must have what the group of the fleet launches',
    },
    {
      what: 'a word that is unknown',
      about: { policy: { choices, minNode: 1 } },
      says: 'policy: Unrecognized key',
    },
  ])('refuses $what in words', ({ about, says }) => {
    expect(messages(about)).toEqual([expect.stringContaining(says)]);
  });
});
