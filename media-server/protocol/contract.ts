import type { z } from 'zod';

/** A message that is answered. */
export interface RequestSpec<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  readonly kind: 'request';
  /** One sentence for PROTOCOL.md. */
  readonly summary: string;
  readonly params: P;
  readonly result: R;
}

/** A message that is not answered. */
export interface NotificationSpec<P extends z.ZodType = z.ZodType> {
  readonly kind: 'notification';
  readonly summary: string;
  readonly params: P;
}

/** All messages that one side of a connection understands, by method name. */
export type Contract = Readonly<Record<string, RequestSpec | NotificationSpec>>;

export type ParamsOf<C extends Contract, M extends keyof C> = z.output<C[M]['params']>;
export type ResultOf<C extends Contract, M extends keyof C> =
  C[M] extends RequestSpec<z.ZodType, infer R> ? z.output<R> : undefined;

export type RequestName<C extends Contract> = {
  [M in keyof C & string]: C[M] extends RequestSpec ? M : never;
}[keyof C & string];
export type NotificationName<C extends Contract> = {
  [M in keyof C & string]: C[M] extends NotificationSpec ? M : never;
}[keyof C & string];

/** Sends a request of this contract to whoever understands it. */
export type Ask<C extends Contract> = <M extends RequestName<C>>(
  method: M,
  params: z.input<C[M]['params']>,
) => Promise<ResultOf<C, M>>;

/** One function for each message of a contract; what it returns (for a request) is the answer. */
export type Handlers<C extends Contract> = {
  readonly [M in keyof C & string]: (
    params: ParamsOf<C, M>,
  ) => C[M] extends RequestSpec ? ResultOf<C, M> | Promise<ResultOf<C, M>> : void | Promise<void>;
};

export function request<P extends z.ZodType, R extends z.ZodType>(
  summary: string,
  params: P,
  result: R,
): RequestSpec<P, R> {
  return { kind: 'request', summary, params, result };
}

export function notification<P extends z.ZodType>(summary: string, params: P): NotificationSpec<P> {
  return { kind: 'notification', summary, params };
}
