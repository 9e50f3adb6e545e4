import type { GroupArgs } from '@pulumi/aws/autoscaling/group.js';
import { type Input, Output } from '@pulumi/pulumi';

/** Changes of these must never reach a group that holds meetings: one shrinks it, the other replaces it. */
export const ignoredChanges = ['desiredCapacity', 'initialLifecycleHooks'];

/** Only a number: with "$Latest" nobody can tell what a machine was launched from. */
function isPinned(version: Input<string | undefined>, made: Output<string>): boolean {
  return version === made || (typeof version === 'string' && /^[1-9][0-9]*$/.test(version));
}

/**
 * Why a group could end meetings by itself; empty when only a drained machine ever leaves it. What protects must be plain
 * values, so that it is known before anything is made.
 *
 * @param templateVersion the version of the launch template that was made for it
 */
export function groupProblems(args: GroupArgs, templateVersion: Output<string>): string[] {
  const problems: string[] = [];
  const must = (good: boolean, problem: string) => {
    if (!good) problems.push(problem);
  };
  must(
    args.protectFromScaleIn === true,
    'protectFromScaleIn must be true: else AWS chooses which machine goes',
  );
  const suspended = list(args.suspendedProcesses);
  must(
    suspended.includes('AZRebalance'),
    'suspendedProcesses must have AZRebalance: it moves machines between zones by terminating them',
  );
  must(
    suspended.includes('InstanceRefresh'),
    'suspendedProcesses must have InstanceRefresh: it replaces machines without asking whether they are empty',
  );
  must(
    !suspended.includes('Terminate') && !suspended.includes('Launch'),
    'suspendedProcesses must not have Launch or Terminate: nothing could come or be released',
  );
  must(
    args.capacityRebalance === undefined || args.capacityRebalance === false,
    'capacityRebalance must be off: it terminates Spot machines before they have to go',
  );
  must(
    args.maxInstanceLifetime === undefined,
    'maxInstanceLifetime must not be set: it ends machines by age',
  );
  must(
    args.instanceRefresh === undefined,
    'instanceRefresh must not be set: each new template would start one',
  );
  must(args.warmPool === undefined, 'warmPool must not be set: it moves machines in and out by itself');
  must(
    args.healthCheckType === 'EC2',
    'healthCheckType must be EC2: a slow answer to a web check must not end a machine',
  );
  must(args.forceDelete === false, 'forceDelete must be false: it deletes machines without their hooks');
  must(
    args.waitForCapacityTimeout === '0',
    'waitForCapacityTimeout must be "0": the autoscaler changes the number while the engine would wait for it',
  );
  const hooks = list(args.initialLifecycleHooks);
  must(
    hooks.some(
      (hook) =>
        !isLater(hook) &&
        'lifecycleTransition' in hook &&
        hook.lifecycleTransition === 'autoscaling:EC2_INSTANCE_TERMINATING' &&
        hook.defaultResult === 'CONTINUE',
    ),
    'initialLifecycleHooks must have the drain hook: a later one does not hold the first machines',
  );
  const mixed = args.mixedInstancesPolicy;
  const template = args.launchTemplate;
  if (isLater(mixed) || isLater(template)) {
    problems.push('launchTemplate and mixedInstancesPolicy must be plain objects');
    return problems;
  }
  const specification = mixed?.launchTemplate;
  if (isLater(specification)) {
    problems.push('mixedInstancesPolicy.launchTemplate must be a plain object');
    return problems;
  }
  const mixedTemplate = specification?.launchTemplateSpecification;
  const version = isLater(mixedTemplate) ? undefined : (mixedTemplate?.version ?? template?.version);
  must(isPinned(version, templateVersion), 'the launch template’s version must be a number, not "$Latest"');
  return problems;
}

function isLater<T>(value: Input<T>): value is Promise<T> | (Output<T> & Input<T>) {
  return Output.isInstance(value) || value instanceof Promise;
}

function list<T>(value: Input<Input<T>[] | undefined> | undefined): Input<T>[] {
  return Array.isArray(value) ? value : [];
}
