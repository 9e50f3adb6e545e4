import { randomBytes } from 'node:crypto';
import { z } from 'zod';

const text = z.string().min(16);

/** What the cloud's secret store keeps, a JSON object under each name. More may be there: a newer release wrote it. */
export const kept = {
  cluster: z.object({ clusterToken: text }),
  own: z.object({ signingKey: z.string().min(32), operatorToken: text, apiKey: text, scalingToken: text }),
  /** `other`: taken by the TURN servers too while the secret is being changed. */
  turn: z.object({ secret: z.string().min(32), other: z.string().min(32).optional() }),
} as const;

export type SecretKind = keyof typeof kept;
export type Kept = { readonly [Kind in SecretKind]: z.output<(typeof kept)[Kind]> | undefined };

/** A first value. Nobody has seen it, so it is in nobody's state or terminal. */
export function madeUp(kind: SecretKind): string {
  const random = () => randomBytes(32).toString('base64url');
  const values: Record<SecretKind, object> = {
    cluster: { clusterToken: random() },
    own: { signingKey: random(), operatorToken: random(), apiKey: random(), scalingToken: random() },
    turn: { secret: random() },
  };
  return JSON.stringify(values[kind]);
}
