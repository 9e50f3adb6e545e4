import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { awsTraits } from '@holdfast/components/aws/aws-traits.ts';
import { ConferencingPlatform } from '@holdfast/components/aws/conferencing-platform.ts';
import { checkSettings } from '@holdfast/components/check-settings.ts';
import { SettingsError } from '@holdfast/components/setting-issue.ts';
import { stackSettings } from '@holdfast/components/stack-settings.ts';
import { log, runtime } from '@pulumi/pulumi';

/** The one program: a stack's configuration names its cloud and its phase. See `README.md`. */

const { cloud, settings } = stackSettings(runtime.allConfig());

if (settings.phase === 'ha') {
  throw new SettingsError([
    {
      key: 'holdfast:phase',
      problem:
        'is ha, and control planes do not share a store yet, so two of them would not know of each other',
      fix: `pulumi config set 'holdfast:phase' 'elastic'`,
    },
  ]);
}
if (cloud !== 'aws') {
  throw new SettingsError([
    {
      key: 'holdfast:cloud',
      problem: `is ${cloud}, and only aws has components yet`,
      fix: `pulumi config set 'holdfast:cloud' 'aws'`,
    },
  ]);
}

const checked = checkSettings(settings, awsTraits);
const platform = new ConferencingPlatform('conference', {
  ...checked,
  // Files are named from where Pulumi.yaml lies.
  release: {
    ...checked.release,
    bundle: resolve(fileURLToPath(new URL('..', import.meta.url)), checked.release.bundle),
  },
});
platform.notices.apply((notices) => {
  for (const notice of notices) void log.warn(notice);
});

export const url = platform.url;
export const turnAddresses = platform.turnAddresses;
export const mediaFleet = platform.mediaFleet;
export const dashboards = platform.dashboards;
export const credentials = platform.credentials;
