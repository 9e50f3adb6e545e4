import type { Finding, LintContext, Rule } from './finding.ts';
import { isLoopback } from './finding.ts';

const secretFix =
  'Use use-auth-secret with a static-auth-secret of at least 32 random characters, and a realm.';
/** `openssl rand -base64 24` has 32. */
const MIN_SECRET_LENGTH = 32;
const MIN_PASSWORD_LENGTH = 16;

function databases({ config }: LintContext): boolean {
  const { userdb, psqlUserdb, mysqlUserdb, mongoUserdb, redisUserdb } = config;
  return [userdb, psqlUserdb, mysqlUserdb, mongoUserdb, redisUserdb].some((each) => each !== undefined);
}

function usesSecret({ config }: LintContext): boolean {
  return Boolean(config.useAuthSecret) || config.staticAuthSecret !== undefined;
}

function usesCredentials(context: LintContext): boolean {
  const { ltCredMech, user, oauth } = context.config;
  return Boolean(ltCredMech) || user !== undefined || Boolean(oauth) || usesSecret(context);
}

const openRelay: Rule = (context) => {
  if (!context.relays) return [];
  if (context.config.noAuth) {
    const message = 'no-auth lets anybody relay anything through this server, at your cost and in your name.';
    return [context.error('open-relay', 'noAuth', message, `Remove no-auth. ${secretFix}`)];
  }
  if (usesCredentials(context)) return [];
  const message = 'No credentials are asked for: coturn then lets anybody relay anything.';
  return [context.error('open-relay', 'useAuthSecret', message, secretFix)];
};

const contradiction: Rule = (context) => {
  if (!context.config.noAuth || !usesCredentials(context)) return [];
  const message = 'no-auth and a credential mechanism exclude each other; coturn does not start with both.';
  return [context.error('auth-conflict', 'noAuth', message, 'Remove no-auth.')];
};

const mixedMechanisms: Rule = (context) => {
  if (!usesSecret(context)) return [];
  if (context.config.user !== undefined) {
    const message = 'Fixed users do not work beside a shared secret (TURN REST API).';
    return [context.warning('mixed-credentials', 'user', message, 'Remove the user lines, or the secret.')];
  }
  if (!context.config.ltCredMech) return [];
  const message = 'lt-cred-mech beside use-auth-secret: coturn takes the secret alone and complains.';
  return [context.warning('mixed-credentials', 'ltCredMech', message, 'Remove lt-cred-mech.')];
};

const noSecret: Rule = (context) => {
  const { useAuthSecret, staticAuthSecret } = context.config;
  if (!useAuthSecret || staticAuthSecret !== undefined || databases(context)) return [];
  const message = 'use-auth-secret without a secret: neither this file nor a database gives one.';
  return [context.error('secret-missing', 'useAuthSecret', message, 'Add static-auth-secret, or a userdb.')];
};

const noRealm: Rule = (context) => {
  if (!usesCredentials(context) || context.config.realm !== undefined) return [];
  const message =
    'Credentials belong to a realm, and none is given: it would depend on the name of the machine.';
  return [context.error('realm-missing', 'realm', message, 'Add realm=YOUR.DOMAIN.')];
};

const weakSecrets: Rule = (context) => [
  ...context.settingsOf('staticAuthSecret').flatMap(({ number, value }): Finding[] => {
    if (!isGuessable(value, MIN_SECRET_LENGTH)) return [];
    const message =
      'The shared secret can be guessed from any one credential, offline. Whoever has it makes credentials.';
    const fix = `Make one of at least ${MIN_SECRET_LENGTH} random characters: openssl rand -base64 32`;
    return [context.error('weak-secret', 'staticAuthSecret', message, fix, number)];
  }),
  ...context.settingsOf('user').flatMap(({ number, value }): Finding[] => {
    const [, password = ''] = /^[^:]*:(.*)$/.exec(value) ?? [];
    if (/^0x[0-9a-f]{32,}$/i.test(password) || !isGuessable(password, MIN_PASSWORD_LENGTH)) return [];
    const message = 'The password of this user is short or common.';
    const fix = `Make one of at least ${MIN_PASSWORD_LENGTH} random characters, or use credentials that end.`;
    return [context.warning('weak-password', 'user', message, fix, number)];
  }),
];

const manySecrets: Rule = (context) => {
  const settings = context.settingsOf('staticAuthSecret');
  if (settings.length <= 2) return [];
  const message = 'More than two shared secrets: old ones stay valid until they are removed.';
  const fix = 'Keep the present one and the one before.';
  return [context.warning('many-secrets', 'staticAuthSecret', message, fix)];
};

const commandLine: Rule = (context) => {
  const { noCli, cliPassword, cliIp } = context.config;
  if (noCli || cliPassword === undefined) return [];
  if (cliIp !== undefined && !isLoopback(cliIp)) {
    const message = `The command line (telnet, not encrypted) listens on ${cliIp}, where others reach it.`;
    return [context.error('cli-exposed', 'cliIp', message, 'Use cli-ip=127.0.0.1, or no-cli.')];
  }
  if (cliPassword.startsWith('$5$')) return [];
  const message = 'The password of the command line stands here as it is.';
  return [
    context.warning(
      'cli-password-plain',
      'cliPassword',
      message,
      'Use no-cli, or what "turnadmin -P" prints.',
    ),
  ];
};

const adminPage: Rule = (context) => {
  const { webAdmin, webAdminIp, webAdminListenOnWorkers } = context.config;
  if (webAdminListenOnWorkers) {
    const message = 'The administrators’ page is offered to everybody, on the clients’ own ports.';
    const fix = 'Remove web-admin-listen-on-workers.';
    return [context.error('admin-exposed', 'webAdminListenOnWorkers', message, fix)];
  }
  if (!webAdmin || webAdminIp === undefined || isLoopback(webAdminIp)) return [];
  const message = `The administrators’ page listens on ${webAdminIp}, where others reach it.`;
  return [context.error('admin-exposed', 'webAdminIp', message, 'Use web-admin-ip=127.0.0.1.')];
};

/** Who may use and who may steer the server. */
export const accessRules: readonly Rule[] = [
  openRelay,
  contradiction,
  mixedMechanisms,
  noSecret,
  noRealm,
  weakSecrets,
  manySecrets,
  commandLine,
  adminPage,
];

/** Short, made of few different characters, or with a word that examples use. */
function isGuessable(secret: string, minLength: number): boolean {
  if (secret.length < minLength) return true;
  if (new Set(secret).size < 10) return true;
  return /change.?me|your.?secret|example|password|qwerty|123456789/i.test(secret);
}
