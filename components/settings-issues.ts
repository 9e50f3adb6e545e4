import { type CloudTraits, example } from './cloud-traits.ts';
import type { PlatformSettings } from './contract.ts';
import { type SettingIssue, setCommand } from './setting-issue.ts';

/** What does not fit together in a stack's settings, whatever the cloud. */
export function settingsIssues(settings: PlatformSettings, cloud: CloudTraits): SettingIssue[] {
  return [...sizeIssues(settings, cloud), ...domainIssues(settings)];
}

function sizeIssues(
  { media, controlPlane, turn, stateStore, phase, drain }: PlatformSettings,
  cloud: CloudTraits,
): SettingIssue[] {
  const issues: SettingIssue[] = [];
  if (media.min > media.max) {
    issues.push({
      key: 'holdfast:media.min',
      problem: `is ${media.min}, more than media.max (${media.max})`,
      fix: setCommand('holdfast:media.max', media.min),
    });
  }
  if (media.initial !== undefined && (media.initial < media.min || media.initial > media.max)) {
    issues.push({
      key: 'holdfast:media.initial',
      problem: `is ${media.initial}, not between media.min (${media.min}) and media.max (${media.max})`,
      fix: setCommand('holdfast:media.initial', media.min),
    });
  }
  if (phase === 'single' && (media.min !== 1 || media.max !== 1)) {
    issues.push({
      key: 'holdfast:media.max',
      problem: `is ${media.max} (media.min ${media.min}), and in phase single one machine does it all`,
      fix: `${setCommand('holdfast:phase', 'elastic')}, or ${setCommand('holdfast:media.max', 1)}`,
    });
  }
  if (phase === 'single' && media.spotShare > 0) {
    issues.push({
      key: 'holdfast:media.spotShare',
      problem: 'is set, and in phase single there is no second machine to move meetings to',
      fix: `${setCommand('holdfast:phase', 'elastic')}, or ${setCommand('holdfast:media.spotShare', 0)}`,
    });
  }
  if (phase !== 'ha' && controlPlane.replicas > 1) {
    issues.push({
      key: 'holdfast:controlPlane.replicas',
      problem: `is ${controlPlane.replicas}, and several control planes need a common store, which phase ha has`,
      fix: `${setCommand('holdfast:phase', 'ha')}, or ${setCommand('holdfast:controlPlane.replicas', 1)}`,
    });
  }
  if (phase === 'ha' && controlPlane.replicas < 2) {
    issues.push({
      key: 'holdfast:controlPlane.replicas',
      problem: 'is 1, and in phase ha nothing is single',
      fix: setCommand('holdfast:controlPlane.replicas', 2),
    });
  }
  if (phase === 'single' && turn.servers > 1) {
    issues.push({
      key: 'holdfast:turn.servers',
      problem: `is ${turn.servers}, and in phase single one machine does it all`,
      fix: `${setCommand('holdfast:phase', 'elastic')}, or ${setCommand('holdfast:turn.servers', 1)}`,
    });
  }
  const ownMachines = { controlPlane, turn, ...(phase === 'ha' ? { stateStore } : {}) };
  for (const [part, { machineType }] of Object.entries(phase === 'single' ? {} : ownMachines)) {
    if (machineType !== undefined) continue;
    issues.push({
      key: `holdfast:${part}.machineType`,
      problem: `is missing, and in phase ${phase} it has machines of its own`,
      fix: setCommand(`holdfast:${part}.machineType`, example([part, 'machineType'], cloud)),
    });
  }
  if (drain.policy === 'wait-then-migrate' && drain.maxWaitMinutes === undefined) {
    issues.push({
      key: 'holdfast:drain.maxWaitMinutes',
      problem: 'is missing, and wait-then-migrate needs an end of waiting',
      fix: setCommand('holdfast:drain.maxWaitMinutes', 30),
    });
  }
  if (drain.policy === 'migrate' && drain.maxWaitMinutes !== undefined) {
    issues.push({
      key: 'holdfast:drain.maxWaitMinutes',
      problem: 'is set, and with policy migrate nobody waits',
      fix: `${setCommand('holdfast:drain.policy', 'wait-then-migrate')}, or pulumi config rm --path 'holdfast:drain.maxWaitMinutes'`,
    });
  }
  return issues;
}

function domainIssues({ phase, domain }: PlatformSettings): SettingIssue[] {
  if (!domain) return [];
  const issues: SettingIssue[] = [];
  if (phase === 'single' && domain.acmeEmail === undefined) {
    issues.push({
      key: 'holdfast:domain.acmeEmail',
      problem: 'is missing, and in phase single the machine itself asks for its certificate',
      fix: setCommand('holdfast:domain.acmeEmail', 'operations@example.org'),
    });
  }
  if (phase !== 'single' && domain.zoneId === undefined && domain.certificateId === undefined) {
    issues.push({
      key: 'holdfast:domain.certificateId',
      problem: 'is missing, and without domain.zoneId nobody can prove that the name is yours',
      fix: `${setCommand('holdfast:domain.zoneId', 'ID of the zone')}, or domain.certificateId of a certificate you have`,
    });
  }
  return issues;
}
