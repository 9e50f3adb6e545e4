export { parseAddress, parseRange } from './addresses.ts';
export type { OptionValue, TurnServerConfig } from './config.ts';
export {
  type CredentialsOptions,
  makeCredentials,
  type TurnCredentials,
  type Verified,
  verifyCredentials,
} from './credentials.ts';
export { type ConfigIssue, CoturnConfigError } from './errors.ts';
export type { ConfigLine, Setting } from './lines.ts';
export type { Finding, Severity } from './lint/finding.ts';
export { deniedPeerIps } from './lint/peers.ts';
export { lint } from './lint.ts';
export type { OptionKind, OptionSpec } from './options/spec.ts';
export { type OptionKey, optionNamed, options } from './options.ts';
export { type ParseProblem, parse, type TurnServerDocument } from './parse.ts';
export { behindNat, internalOnly, type PresetOptions, publicTurn, turnTls443 } from './presets.ts';
export { render } from './render.ts';
export { validate } from './validate.ts';
