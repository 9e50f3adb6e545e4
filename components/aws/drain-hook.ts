import { interpolate } from '@pulumi/pulumi';
import type { Place } from './place.ts';
import type { Statement } from './policy.ts';

/** What holds a machine's termination back until its drain is over, as the group and the agent know it. */
export interface DrainHook {
  readonly name: string;
  readonly lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING';
  /** AWS waits so long for a machine that says nothing, then lets it go. */
  readonly heartbeatTimeout: number;
  readonly defaultResult: 'CONTINUE';
}

/** The name never changes: a renamed hook is a second one, and both would have to be completed. */
export function drainHook(patienceSeconds: number): DrainHook {
  if (!Number.isInteger(patienceSeconds) || patienceSeconds < 30 || patienceSeconds > 7200) {
    throw new Error(
      `holdfast:drain.patienceSeconds is ${patienceSeconds}, and AWS waits 30 to 7200 s for a heartbeat. ` +
        `pulumi config set --path 'holdfast:drain.patienceSeconds' 300`,
    );
  }
  return {
    name: 'holdfast-drain',
    lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatTimeout: patienceSeconds,
    defaultResult: 'CONTINUE',
  };
}

/** A group by its name: its ARN has an id in the middle that nobody knows before it is made. */
export function groupArn(place: Place, groupName: string) {
  return place.arn('autoscaling', interpolate`autoScalingGroup:*:autoScalingGroupName/${groupName}`);
}

/**
 * What a machine needs to hold its own termination back and to let it go. AWS cannot narrow it to one machine, so a
 * machine could complete its sibling's hook.
 */
export function drainRights(place: Place, groupName: string): Statement[] {
  return [
    {
      sid: 'HoldOwnTermination',
      actions: ['autoscaling:CompleteLifecycleAction', 'autoscaling:RecordLifecycleActionHeartbeat'],
      resources: [groupArn(place, groupName)],
    },
    {
      // For these AWS knows no resource.
      sid: 'SeeOwnTermination',
      actions: ['autoscaling:DescribeAutoScalingInstances', 'autoscaling:DescribeLifecycleHooks'],
      resources: ['*'],
    },
  ];
}
