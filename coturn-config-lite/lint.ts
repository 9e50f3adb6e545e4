import type { TurnServerConfig } from './config.ts';
import { accessRules } from './lint/access.ts';
import { type Finding, LintContext } from './lint/finding.ts';
import { formRules } from './lint/form.ts';
import { networkRules } from './lint/network.ts';
import { operationRules } from './lint/operation.ts';
import { peerRules } from './lint/peers.ts';
import { tlsRules } from './lint/tls.ts';
import { parse } from './parse.ts';
import { render } from './render.ts';

const rules = [...formRules, ...accessRules, ...peerRules, ...networkRules, ...tlsRules, ...operationRules];

/**
 * Looks for what is unsafe or will not work, in the text of a turnserver.conf or in a configuration. Findings are in the
 * order of their lines; what is missing comes last. For a configuration, lines are those that `render` writes.
 * @throws CoturnConfigError for a configuration object that is none
 */
export function lint(input: string | TurnServerConfig): Finding[] {
  const context = new LintContext(parse(typeof input === 'string' ? input : render(input)));
  const findings = rules.flatMap((rule) => rule(context));
  const at = ({ line }: Finding) => line ?? Number.POSITIVE_INFINITY;
  return findings.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
}
