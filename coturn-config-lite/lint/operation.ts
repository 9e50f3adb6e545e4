import type { OptionKey } from '../options.ts';
import { specOf } from '../options.ts';
import type { Finding, Rule } from './finding.ts';

const quotas: Rule = (context) => {
  if (!context.relays || context.localOnly) return [];
  const wanted: readonly [OptionKey, number | undefined, string, string][] = [
    ['userQuota', context.config.userQuota, 'One user can take every relay port.', 'user-quota=12'],
    [
      'totalQuota',
      context.config.totalQuota,
      'Nothing bounds the allocations of all users.',
      'total-quota=1200',
    ],
    ['maxBps', context.config.maxBps, 'One session can take the whole bandwidth.', 'max-bps=1250000'],
  ];
  return wanted.flatMap(([key, value, message, example]): Finding[] => {
    if (value !== undefined && value > 0) return [];
    return [context.warning('quota-missing', key, message, `Add a limit, for example ${example}.`)];
  });
};

const verbose: Rule = (context) => {
  const keys = ['verbose', 'extraVerbose', 'logBinding'] as const;
  return keys.flatMap((key): Finding[] => {
    if (!context.config[key]) return [];
    const { name } = specOf(key);
    const message = `${name} writes users’ names and addresses down and lets anybody fill the disk.`;
    return [context.warning('verbose-log', key, message, `Remove ${name} in production.`)];
  });
};

const amplification: Rule = (context) => {
  const { noRfc5780, noStun, noUdp } = context.config;
  if (noRfc5780 || noStun || noUdp || context.localOnly) return [];
  const message =
    'Answers to STUN requests are several times their size, and go to whatever address the request claims.';
  return [context.warning('stun-amplification', 'noRfc5780', message, 'Add no-rfc5780.')];
};

const lifetimes: Rule = (context) => {
  const fixed: readonly [OptionKey, number | true | undefined, number][] = [
    ['channelLifetime', context.config.channelLifetime, 600],
    ['permissionLifetime', context.config.permissionLifetime, 300],
  ];
  return fixed.flatMap(([key, value, standard]): Finding[] => {
    if (value === undefined || value === true || value === standard) return [];
    const message = `Clients rely on the ${standard} s of RFC 8656, and are cut off with ${value} s.`;
    return [context.warning('lifetime-changed', key, message, `Remove ${specOf(key).name}.`)];
  });
};

const staleNonce: Rule = (context) => {
  if (context.config.staleNonce !== 0) return [];
  const message = 'A nonce that never ends can be used again by whoever has recorded it.';
  return [context.warning('nonce-forever', 'staleNonce', message, 'Use stale-nonce=600.')];
};

const secureStun: Rule = (context) => {
  if (!context.config.secureStun) return [];
  const message = 'Browsers send no credentials with STUN binding requests, and get no answer.';
  return [context.warning('clients-refused', 'secureStun', message, 'Remove secure-stun.')];
};

/** How it behaves under load and in production. */
export const operationRules: readonly Rule[] = [
  quotas,
  verbose,
  amplification,
  lifetimes,
  staleNonce,
  secureStun,
];
