/**
 * What a value of an option looks like.
 * - `flag`: it is there or not
 * - `integer`, `port`: a whole number; `minimum` and `maximum` bound it
 * - `text`: anything on one line; `choice`: one of `choices`
 * - `ip`: one address; `ip-range`: `a` or `a-b`; `endpoint`: `ip`, `ip:port` or `[ip6]:port`; `ip-mapping`: `public` or
 *   `public/private`
 */
export type OptionKind =
  | 'flag'
  | 'integer'
  | 'port'
  | 'text'
  | 'choice'
  | 'ip'
  | 'ip-range'
  | 'endpoint'
  | 'ip-mapping';

/** One option of turnserver.conf, as coturn 4.6 knows it. */
export interface OptionSpec {
  /** Its name in the file. */
  readonly name: string;
  /** Other names that coturn takes for the same thing. */
  readonly aliases?: readonly string[];
  readonly kind: OptionKind;
  /** May be given several times. */
  readonly many?: true;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** May be given without a value, and then means its default. */
  readonly valueOptional?: true;
  /** What coturn does without it, in words. */
  readonly default: string;
  /** What it does, in one or two sentences. */
  readonly meaning: string;
  /** Holds a secret: findings never repeat its value. */
  readonly secret?: true;
  /** The flag is on whatever value follows it, "no" among them. */
  readonly ignoresValue?: true;
  /** Why it should not be used any more, and what to use. */
  readonly deprecated?: string;
  /** What coturn must have been built with; Debian's package lacks what is named "not in Debian's package". */
  readonly needs?: string;
}
