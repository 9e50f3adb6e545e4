import { randomBytes } from 'node:crypto';
import {
  type ControlPlaneSecrets,
  controlPlaneSecrets,
  loadSecrets,
} from '@holdfast/media-server/config/index.ts';

export interface LocalSecrets {
  readonly values: ControlPlaneSecrets;
  /** Made for this run: nobody knows them yet. */
  readonly made: ReadonlySet<keyof ControlPlaneSecrets>;
}

const required = [
  'HOLDFAST_CLUSTER_TOKEN',
  'HOLDFAST_SIGNING_KEY',
  'HOLDFAST_OPERATOR_TOKEN',
  'HOLDFAST_API_KEY',
  'HOLDFAST_SCALING_TOKEN',
  'HOLDFAST_TURN_SECRET',
] as const;

/** Secrets of the environment; what is missing is made up. Throws ConfigError for one that is too short. */
export function localSecrets(env: NodeJS.ProcessEnv): LocalSecrets {
  const made = new Set(required.filter((name) => !env[name]));
  const fresh = Object.fromEntries([...made].map((name) => [name, randomBytes(32).toString('base64url')]));
  return { values: loadSecrets(controlPlaneSecrets, { ...env, ...fresh }), made };
}

/** The environment for a process of ours: no secret but the ones it needs. */
export function environmentFor(
  env: NodeJS.ProcessEnv,
  secrets: ControlPlaneSecrets,
  needed: readonly (keyof ControlPlaneSecrets)[],
): NodeJS.ProcessEnv {
  const clean = Object.fromEntries(
    Object.entries(env).filter(([name]) => !required.some((secret) => secret === name)),
  );
  return { ...clean, ...Object.fromEntries(needed.map((name) => [name, secrets[name]])) };
}
