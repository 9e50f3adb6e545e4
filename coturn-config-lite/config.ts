import type { OptionKey, options } from './options.ts';

type Spec = (typeof options)[OptionKey];

type Single<S extends Spec> = S extends { readonly kind: 'flag' }
  ? boolean
  : S extends { readonly kind: 'integer' | 'port'; readonly valueOptional: true }
    ? number | true
    : S extends { readonly kind: 'integer' | 'port' }
      ? number
      : S extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;

/**
 * A turnserver.conf as an object. Everything may be left out; what is left out has coturn's default. A flag that is
 * `false` is left out. `true` in place of a number gives the option without a value, where coturn allows that.
 */
export type TurnServerConfig = {
  readonly [K in OptionKey]?: (typeof options)[K] extends { readonly many: true }
    ? readonly Single<(typeof options)[K]>[]
    : Single<(typeof options)[K]>;
};

/** What any option may hold. */
export type OptionValue = boolean | number | string | readonly string[];
