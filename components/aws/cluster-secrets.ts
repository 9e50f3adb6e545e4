import { Secret } from '@pulumi/aws/secretsmanager/secret.js';
import { ComponentResource, type ComponentResourceOptions, type Output, output } from '@pulumi/pulumi';
import type { Tags } from '../contract.ts';
import { tagsOf } from './naming.ts';
import type { Statement } from './policy.ts';

/** Names of secrets, as machines are told them. */
export interface SecretNames {
  readonly cluster: string;
  readonly own: string;
  readonly turn: string;
}

export interface ClusterSecretsArgs {
  /** Whether the engine refuses to delete them. Default: true. */
  protect?: boolean | undefined;
  tags?: Tags | undefined;
}

/**
 * Where the secrets of a stack are kept. They come without a value: the first control plane makes it up, so that it is in
 * nobody's state.
 *
 * - `cluster`: gateways, nodes and control plane among themselves
 * - `own`: the control plane's: participants' tokens, API key, operator's and autoscaler's token
 * - `turn`: TURN servers, and whoever hands out credentials for them
 *
 * Costs: $1.20 a month.
 *
 * ```ts
 * const secrets = new ClusterSecrets('secrets');
 * ```
 */
export class ClusterSecrets extends ComponentResource {
  readonly names: Output<SecretNames>;
  readonly readCluster: Statement;
  readonly readTurn: Statement;
  /** The right to make them up, and to read them all. */
  readonly makeUp: Statement;

  constructor(name: string, args: ClusterSecretsArgs = {}, options?: ComponentResourceOptions) {
    super('holdfast:aws:ClusterSecrets', name, {}, options);
    const kept = { parent: this, protect: args.protect ?? true };
    const secret = (kind: keyof SecretNames, description: string) =>
      new Secret(
        `${name}-${kind}`,
        { description, recoveryWindowInDays: 7, tags: tagsOf(name, args.tags) },
        kept,
      );
    const cluster = secret('cluster', 'Gateways, nodes and control plane among themselves');
    const own = secret('own', 'Participants’ tokens, API key, operator’s and autoscaler’s token');
    const turn = secret('turn', 'TURN servers and control plane');
    this.names = output({ cluster: cluster.name, own: own.name, turn: turn.name });
    const read = (sid: string, of: Secret): Statement => ({
      sid,
      actions: ['secretsmanager:GetSecretValue'],
      resources: [of.arn],
    });
    this.readCluster = read('ReadClusterSecret', cluster);
    this.readTurn = read('ReadTurnSecret', turn);
    this.makeUp = {
      sid: 'MakeUpSecretsOnce',
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
      resources: [cluster.arn, own.arn, turn.arn],
    };
    this.registerOutputs({ names: this.names });
  }
}
