import { type Input, jsonStringify, type Output, output } from '@pulumi/pulumi';

/** One right of a machine. */
export interface Statement {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly Input<string>[];
  readonly condition?: Input<Record<string, Record<string, Input<string> | readonly Input<string>[]>>>;
}

/** Actions for which AWS knows no resource (Service Authorization Reference), so that only `*` can be written. */
const withoutResource = /^(autoscaling|ec2):Describe[A-Za-z]+$/;

/** Why a statement gives more than it must, or undefined. */
export function statementProblem(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
): string | undefined {
  const wild = actions.find((action) => action.includes('*'));
  if (wild !== undefined) return `${sid}: action ${wild} is a wildcard; name each action`;
  if (resources.length === 0) return `${sid}: no resource`;
  if (!resources.includes('*')) return undefined;
  const named = actions.find((action) => !withoutResource.test(action));
  return named === undefined ? undefined : `${sid}: ${named} is allowed on everything; name its resource`;
}

/** The policy document; fails when a statement gives more than it must. */
export function policyDocument(statements: readonly Statement[]): Output<string> {
  return jsonStringify({
    Version: '2012-10-17',
    Statement: statements.map(({ sid, actions, resources, condition }) => ({
      Sid: sid,
      Effect: 'Allow',
      Action: [...actions],
      Resource: output([...resources]).apply((known) => {
        const problem = statementProblem(sid, actions, known);
        if (problem !== undefined) throw new Error(problem);
        return known;
      }),
      ...(condition === undefined ? {} : { Condition: condition }),
    })),
  });
}

/** Who may take the role: machines of EC2. */
export const assumedByMachines: string = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
