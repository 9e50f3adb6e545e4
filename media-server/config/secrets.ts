import { z } from 'zod';

/**
 * Secrets come from the environment and are never written to configuration, logs or command lines.
 * - `HOLDFAST_CLUSTER_TOKEN`: gateways, nodes and control plane among themselves
 * - `HOLDFAST_SIGNING_KEY`: participants' tokens and resume tokens (HS256; all replicas share it)
 * - `HOLDFAST_SCALING_TOKEN`: the autoscaler and the control plane, which without it takes no autoscaler's orders
 * - `HOLDFAST_OPERATOR_TOKEN`, `HOLDFAST_API_KEY`: the REST API
 * - `HOLDFAST_TURN_SECRET`: the TURN servers' `static-auth-secret`, when there are any
 * - `HOLDFAST_TURN_SECRET_OTHER`: taken by the TURN servers too, while the secret is changed: first the next one, then the one before
 */
const secret = z.string().min(16, 'must have at least 16 characters');
/** HS256 wants a key as long as its hash (RFC 7518, 3.2), and every participant has tokens to try keys on. */
const signingKey = z
  .string()
  .refine(
    (key) => Buffer.byteLength(key) >= 32,
    'must have at least 32 bytes, for example: openssl rand -base64 32',
  );

/** Whoever has one pair of credentials can try secrets on it for as long as they like. */
const turnSecret = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{32,128}$/,
    'must have 32 to 128 letters, digits, "-" or "_", for example: openssl rand -hex 32',
  );

export const clusterSecrets = z.object({ HOLDFAST_CLUSTER_TOKEN: secret });
export const controlPlaneSecrets = clusterSecrets.extend({
  HOLDFAST_SIGNING_KEY: signingKey,
  HOLDFAST_OPERATOR_TOKEN: secret,
  HOLDFAST_API_KEY: secret,
  HOLDFAST_SCALING_TOKEN: secret.optional(),
  HOLDFAST_TURN_SECRET: turnSecret.optional(),
});
export const turnServerSecrets = clusterSecrets.extend({
  HOLDFAST_TURN_SECRET: turnSecret,
  HOLDFAST_TURN_SECRET_OTHER: turnSecret.optional(),
});
export const autoscalerSecrets = z.object({ HOLDFAST_SCALING_TOKEN: secret });
export type ClusterSecrets = z.output<typeof clusterSecrets>;
export type TurnServerSecrets = z.output<typeof turnServerSecrets>;
export type ControlPlaneSecrets = z.output<typeof controlPlaneSecrets>;
