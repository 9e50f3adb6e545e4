import { memberState } from '@holdfast/lifecycle-hooks/clouds/aws/member-state.ts';
import { describe, expect, it } from 'vitest';

const instance = (LifecycleState: string, HealthStatus = 'Healthy') => ({
  InstanceId: 'i-1',
  AvailabilityZone: 'us-east-1a',
  LifecycleState,
  HealthStatus,
  ProtectedFromScaleIn: true,
});

describe('an instance of a group, as a member', () => {
  it.each([
    ['Pending', 'launching', true],
    ['Pending:Wait', 'launching', true],
    ['Pending:Proceed', 'launching', true],
    ['InService', 'running', true],
    ['EnteringStandby', 'failed', false],
    ['Standby', 'failed', false],
    ['Quarantined', 'failed', true],
    ['ReplacingRootVolume', 'failed', true],
    ['ReplacingRootVolume:Wait', 'failed', true],
    ['ReplacingRootVolume:Proceed', 'failed', true],
    ['RootVolumeReplaced', 'failed', true],
    ['Terminating', 'leaving', false],
    ['Terminating:Wait', 'leaving', false],
    ['Terminating:Proceed', 'leaving', false],
    ['Terminated', 'leaving', false],
    ['Terminating:Retained', 'failed', false],
    ['Detaching', 'leaving', false],
    ['Detached', 'leaving', false],
    ['SomethingNew', 'leaving', true],
  ])('%s is %s, and counts: %s', (state, expected, counts) => {
    expect(memberState(instance(state))).toMatchObject({ status: { state: expected }, counts });
  });

  it('that AWS takes for unhealthy has failed, and counts until it is replaced', () => {
    expect(memberState(instance('InService', 'Unhealthy'))).toMatchObject({
      status: { state: 'failed', failure: { code: 'NODE_UNREACHABLE' } },
      counts: true,
    });
    expect(memberState(instance('InService', 'HEALTHY'))).toMatchObject({ status: { state: 'running' } });
  });

  it('of the warm pool is none', () => {
    expect(memberState(instance('Warmed:Stopped'))).toBeUndefined();
  });
});
