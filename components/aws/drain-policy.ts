import { LifecycleHook, type LifecycleHookArgs } from '@pulumi/aws/autoscaling/lifecycleHook.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { drainHook } from './drain-hook.ts';
import { type Transform, transformed } from './transform.ts';

export interface DrainPolicyArgs {
  /** The Auto Scaling group, made with the same hook among its `initialLifecycleHooks`. */
  groupName: Input<string>;
  /** AWS waits so long for a machine that says nothing while it drains, 30 to 7200 s. Default: 300. */
  patienceSeconds?: number | undefined;
  /** Whether the engine refuses to delete or replace it. Default: true. */
  protect?: boolean | undefined;
  transform?: { hook?: Transform<LifecycleHookArgs> } | undefined;
}

/**
 * The termination hook of a group, as a resource that can change. A group's initial hooks hold its very first machines,
 * but any change of them replaces the group; so the group ignores their changes, and this hook of the same name
 * carries them. It is left behind when the stack goes, and vanishes with its group: deleted before the group, the
 * last machines would go without a drain.
 *
 * Costs nothing.
 *
 * ```ts
 * new DrainPolicy('drain', { groupName: group.name, patienceSeconds: 300 });
 * ```
 */
export class DrainPolicy extends ComponentResource {
  readonly hookName: Output<string>;

  constructor(name: string, args: DrainPolicyArgs, options?: ComponentResourceOptions) {
    super('holdfast:aws:DrainPolicy', name, {}, options);
    const hook = new LifecycleHook(
      name,
      transformed(args.transform?.hook, {
        autoscalingGroupName: args.groupName,
        ...drainHook(args.patienceSeconds ?? 300),
      }),
      { parent: this, protect: args.protect ?? true, retainOnDelete: true },
    );
    this.hookName = hook.name;
    this.registerOutputs({ hookName: this.hookName });
  }
}
