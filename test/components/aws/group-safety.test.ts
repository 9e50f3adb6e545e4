import type { GroupArgs } from '@pulumi/aws/autoscaling/group.js';
import { output } from '@pulumi/pulumi';
import { describe, expect, it } from 'vitest';
import { groupProblems, ignoredChanges } from '../../../components/aws/group-safety.ts';

const version = output('3');
const safe: GroupArgs = {
  minSize: 0,
  maxSize: 5,
  desiredCapacity: 1,
  protectFromScaleIn: true,
  suspendedProcesses: ['AZRebalance', 'InstanceRefresh'],
  capacityRebalance: false,
  healthCheckType: 'EC2',
  forceDelete: false,
  waitForCapacityTimeout: '0',
  initialLifecycleHooks: [
    {
      name: 'holdfast-drain',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      heartbeatTimeout: 300,
      defaultResult: 'CONTINUE',
    },
  ],
  launchTemplate: { id: 'lt-1', version },
};
const { launchTemplate, ...withoutTemplate } = safe;
const mixed = (of: typeof version | string): Partial<GroupArgs> => ({
  mixedInstancesPolicy: {
    launchTemplate: { launchTemplateSpecification: { launchTemplateId: 'lt-1', version: of } },
  },
});

describe('a group that holds meetings', () => {
  it('is safe as the components make it', () => {
    expect(groupProblems(safe, version)).toEqual([]);
    expect(groupProblems({ ...withoutTemplate, ...mixed(version) }, version)).toEqual([]);
    expect(groupProblems({ ...safe, launchTemplate: { id: 'lt-1', version: '7' } }, version)).toEqual([]);
  });

  it.each<[string, Partial<GroupArgs>]>([
    ['protectFromScaleIn must be true', { protectFromScaleIn: false }],
    // Only what is known before anything is made protects.
    ['protectFromScaleIn must be true', { protectFromScaleIn: output(true) }],
    ['must have AZRebalance', { suspendedProcesses: ['InstanceRefresh'] }],
    ['must have InstanceRefresh', { suspendedProcesses: ['AZRebalance'] }],
    [
      'must not have Launch or Terminate',
      { suspendedProcesses: ['AZRebalance', 'InstanceRefresh', 'Terminate'] },
    ],
    ['capacityRebalance must be off', { capacityRebalance: true }],
    ['maxInstanceLifetime must not be set', { maxInstanceLifetime: 604_800 }],
    ['instanceRefresh must not be set', { instanceRefresh: { strategy: 'Rolling' } }],
    ['warmPool must not be set', { warmPool: {} }],
    ['healthCheckType must be EC2', { healthCheckType: 'ELB' }],
    ['forceDelete must be false', { forceDelete: true }],
    ['waitForCapacityTimeout must be "0"', { waitForCapacityTimeout: '10m' }],
    ['must have the drain hook', { initialLifecycleHooks: [] }],
    [
      'must have the drain hook',
      {
        initialLifecycleHooks: [
          { name: 'x', lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING', defaultResult: 'CONTINUE' },
        ],
      },
    ],
    ['version must be a number', { launchTemplate: { id: 'lt-1', version: '$Latest' } }],
    ['version must be a number', { launchTemplate: { id: 'lt-1' } }],
    ['version must be a number', { launchTemplate: { id: 'lt-1', version: output('3') } }],
    ['version must be a number', mixed('$Default')],
    ['must be plain objects', { launchTemplate: output({ id: 'lt-1', version: '3' }) }],
  ])('is refused: %s', (problem, change) => {
    const problems = groupProblems({ ...safe, ...change }, version);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('ignores changes of what would shrink or replace it', () => {
    expect(ignoredChanges).toEqual(['desiredCapacity', 'initialLifecycleHooks']);
  });
});
