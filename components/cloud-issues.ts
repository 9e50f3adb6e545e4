import type { CloudTraits } from './cloud-traits.ts';
import type { PlatformSettings } from './contract.ts';
import { type SettingIssue, setCommand, settingKey } from './setting-issue.ts';

/** Room that a drain needs beyond the time that meetings may take to end by themselves, seconds. */
const DRAIN_ROOM_SECONDS = 120;

/** What a cloud cannot do of what a stack's settings ask for. */
export function cloudIssues(settings: PlatformSettings, cloud: CloudTraits): SettingIssue[] {
  const { release, network, media, drain, phase, tags } = settings;
  const issues: SettingIssue[] = [];
  if (!cloud.machineImage.test(release.machineImage)) {
    issues.push({
      key: 'holdfast:release.machineImage',
      problem: `is "${release.machineImage}", and only one fixed image (${cloud.examples['release.machineImage']}) starts no roll-out by itself`,
      fix: setCommand('holdfast:release.machineImage', cloud.examples['release.machineImage']),
    });
  }
  const least = cloud.zones.least[phase];
  if (new Set(network.zones).size < least) {
    issues.push({
      key: 'holdfast:network.zones',
      problem: `has ${new Set(network.zones).size} zones, and phase ${phase} needs ${least}`,
      fix: setCommand('holdfast:network.zones', cloud.examples['network.zones']),
    });
  }
  network.zones.forEach((zone, index) => {
    if (cloud.zones.pattern.test(zone)) return;
    issues.push({
      key: settingKey(['network', 'zones', index]),
      problem: `is "${zone}", no zone of this cloud`,
      fix: setCommand('holdfast:network.zones', cloud.examples['network.zones']),
    });
  });
  const prefix = Number(network.cidr.split('/')[1]);
  if (prefix < cloud.networkPrefix.least || prefix > cloud.networkPrefix.most) {
    issues.push({
      key: 'holdfast:network.cidr',
      problem: `is /${prefix}, and must be /${cloud.networkPrefix.least} to /${cloud.networkPrefix.most}`,
      fix: setCommand('holdfast:network.cidr', '10.64.0.0/16'),
    });
  }
  if (media.spotShare > 0 && !cloud.spot) {
    issues.push({
      key: 'holdfast:media.spotShare',
      problem: 'is set, and this cloud has no such machines',
      fix: setCommand('holdfast:media.spotShare', 0),
    });
  }
  const { leastSeconds, mostSeconds } = cloud.patience;
  if (drain.patienceSeconds < leastSeconds || drain.patienceSeconds > mostSeconds) {
    issues.push({
      key: 'holdfast:drain.patienceSeconds',
      problem: `is ${drain.patienceSeconds}, and this cloud waits ${leastSeconds} to ${mostSeconds} s`,
      fix: setCommand('holdfast:drain.patienceSeconds', Math.min(Math.max(300, leastSeconds), mostSeconds)),
    });
  } else if (drain.maxWaitMinutes !== undefined) {
    const whole = cloud.patience.wholeDrainSeconds(drain.patienceSeconds);
    const fitting = Math.floor((whole - DRAIN_ROOM_SECONDS) / 60);
    if (drain.maxWaitMinutes > fitting) {
      issues.push({
        key: 'holdfast:drain.maxWaitMinutes',
        problem: `is ${drain.maxWaitMinutes}, and with patienceSeconds ${drain.patienceSeconds} the cloud ends a drain after ${Math.floor(whole / 60)} min`,
        fix:
          fitting >= 1
            ? setCommand('holdfast:drain.maxWaitMinutes', fitting)
            : `${setCommand('holdfast:drain.policy', 'migrate')}, and take maxWaitMinutes out`,
      });
    }
  }
  for (const [key, value] of Object.entries(tags)) {
    const problem = cloud.tagProblem(key, value);
    if (problem === undefined) continue;
    issues.push({
      key: `holdfast:tags["${key}"]`,
      problem,
      fix: `Take it out or rename it: pulumi config rm --path 'holdfast:tags["${key}"]'`,
    });
  }
  return issues;
}
