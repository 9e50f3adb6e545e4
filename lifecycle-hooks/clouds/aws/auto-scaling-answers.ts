import { z } from 'zod';

/** What is read of Auto Scaling's answers; the names are AWS's. */

const template = z.object({
  LaunchTemplateId: z.string().optional(),
  LaunchTemplateName: z.string().optional(),
  Version: z.string().optional(),
});

const instance = z.object({
  InstanceId: z.string(),
  InstanceType: z.string().optional(),
  AvailabilityZone: z.string(),
  LifecycleState: z.string(),
  HealthStatus: z.string(),
  ProtectedFromScaleIn: z.boolean(),
  LaunchTemplate: template.optional(),
});
export type Instance = z.output<typeof instance>;

const group = z.object({
  AutoScalingGroupName: z.string(),
  MinSize: z.number(),
  MaxSize: z.number(),
  DesiredCapacity: z.number(),
  AvailabilityZones: z.array(z.string()),
  Status: z.string().optional(),
  NewInstancesProtectedFromScaleIn: z.boolean().default(false),
  LaunchTemplate: template.optional(),
  MixedInstancesPolicy: z
    .object({
      LaunchTemplate: z.object({ LaunchTemplateSpecification: template.optional() }).optional(),
    })
    .optional(),
  SuspendedProcesses: z.array(z.object({ ProcessName: z.string().optional() })).default([]),
  Instances: z.array(instance).default([]),
});
export type Group = z.output<typeof group>;
export const groups = z.object({ AutoScalingGroups: z.array(group).default([]) });

const activity = z.object({
  Description: z.string().optional(),
  StatusCode: z.string(),
  StatusMessage: z.string().optional(),
  StartTime: z.date(),
});
export type Activity = z.output<typeof activity>;
export const activities = z.object({ Activities: z.array(activity).default([]) });

export const refreshes = z.object({
  InstanceRefreshes: z.array(z.object({ Status: z.string() })).default([]),
});

export const launched = z.object({
  Instances: z
    .array(
      z.object({
        InstanceType: z.string().optional(),
        AvailabilityZone: z.string().optional(),
        MarketType: z.string().optional(),
        InstanceIds: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  Errors: z
    .array(z.object({ ErrorCode: z.string().optional(), ErrorMessage: z.string().optional() }))
    .default([]),
});
export type Launched = z.output<typeof launched>;

const hook = z.object({
  LifecycleHookName: z.string(),
  HeartbeatTimeout: z.number(),
  GlobalTimeout: z.number(),
});
export type Hook = z.output<typeof hook>;
export const hooks = z.object({ LifecycleHooks: z.array(hook).default([]) });

export const instances = z.object({
  AutoScalingInstances: z.array(z.object({ LifecycleState: z.string() })).default([]),
});
