import type { MemberStatus, Releasable } from '../types.ts';
import type { Group, Instance } from './auto-scaling-answers.ts';

/** An instance of a group as the autoscaler sees it. */
export interface MemberState {
  readonly status: MemberStatus;
  /** It is one of those that the group's desired capacity counts. */
  readonly counts: boolean;
}

/** Undefined: it is of the warm pool, which is nobody's member. */
export function memberState({ LifecycleState: state, HealthStatus }: Instance): MemberState | undefined {
  if (state.startsWith('Warmed:')) return undefined;
  if (/^Pending(:|$)/.test(state)) return { status: { state: 'launching' }, counts: true };
  switch (state) {
    case 'InService':
      return HealthStatus.toLowerCase() === 'healthy'
        ? { status: { state: 'running' }, counts: true }
        : failed('AWS takes it for unhealthy and will replace it', true);
    case 'EnteringStandby':
    case 'Standby':
      return failed('somebody has put it into standby', false);
    case 'Terminating:Retained':
      return failed('its hook was abandoned and the group keeps it', false);
    case 'Quarantined':
    case 'ReplacingRootVolume':
    case 'ReplacingRootVolume:Wait':
    case 'ReplacingRootVolume:Proceed':
    case 'RootVolumeReplaced':
      return failed(`the group has taken it out of service (${state})`, true);
    default:
      // Terminating and Detaching in all their steps, and what is not known yet: nobody must touch it.
      return { status: { state: 'leaving' }, counts: !/^(Terminat|Detach)/.test(state) };
  }
}

function failed(message: string, counts: boolean): MemberState {
  return { status: { state: 'failed', failure: { code: 'NODE_UNREACHABLE', message } }, counts };
}

/** What a release of this member would meet, as far as can be told beforehand. */
export function releasable(
  status: MemberStatus,
  group: Pick<Group, 'Status' | 'SuspendedProcesses' | 'DesiredCapacity'>,
  fleet: { readonly min: number; readonly refreshing: boolean },
): Releasable {
  const no = (why: string): Releasable => ({ ok: false, why });
  if (status.state === 'leaving') return no('it leaves already');
  if (group.Status !== undefined) return no(`the group says: ${group.Status}`);
  if (group.SuspendedProcesses.some(({ ProcessName }) => ProcessName === 'Terminate'))
    return no('the process Terminate of the group is suspended');
  if (fleet.refreshing) return no('an instance refresh is under way');
  if (group.DesiredCapacity <= fleet.min) return no(`the group is at its minimum of ${fleet.min}`);
  return { ok: true };
}
