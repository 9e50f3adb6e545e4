import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { z } from 'zod';
import {
  type Activity,
  activities,
  type Group,
  groups,
  type Hook,
  hooks,
  instances,
  type Launched,
  launched,
  refreshes,
} from './auto-scaling-answers.ts';
import { type AutoScalingSdk, type AwsAccess, openAutoScaling } from './aws-sdk.ts';
import { cloudError, isNoActiveAction } from './cloud-error.ts';

type Client = Awaited<ReturnType<typeof openAutoScaling>>['client'];

/** What is asked of a lifecycle hook. */
export interface HookTarget {
  readonly group: string;
  readonly hook: string;
  readonly instanceId: string;
}

/** `not-active`: the hook does not hold this instance, not yet or not any more. */
export type HookAnswer = 'accepted' | 'not-active';

/** The calls of Auto Scaling that are used here. Each fails with an error of the table; none is repeated by itself. */
export class AutoScalingApi {
  readonly #access: AwsAccess;
  #opened: ReturnType<typeof openAutoScaling> | undefined;

  constructor(access: AwsAccess) {
    this.#access = access;
  }

  /** NOT_FOUND when there is none: AWS answers with an empty list then. */
  async group(name: string): Promise<Group> {
    const answer = await this.#call('DescribeAutoScalingGroups', groups, (client, sdk) =>
      client.send(new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] })),
    );
    const [group] = answer.AutoScalingGroups;
    if (!group) throw new HoldfastError('NOT_FOUND', `there is no Auto Scaling group ${name}`);
    return group;
  }

  /** The newest first. */
  async activities(group: string): Promise<readonly Activity[]> {
    const answer = await this.#call('DescribeScalingActivities', activities, (client, sdk) =>
      client.send(new sdk.DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: 50 })),
    );
    return answer.Activities;
  }

  /** An instance refresh works on this group. */
  async isRefreshing(group: string): Promise<boolean> {
    const answer = await this.#call('DescribeInstanceRefreshes', refreshes, (client, sdk) =>
      client.send(new sdk.DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group, MaxRecords: 1 })),
    );
    return answer.InstanceRefreshes.some(({ Status }) =>
      ['Pending', 'InProgress', 'Cancelling', 'RollbackInProgress', 'Baking'].includes(Status),
    );
  }

  async setDesired(group: string, capacity: number): Promise<void> {
    await this.#do('SetDesiredCapacity', (client, sdk) =>
      client.send(
        new sdk.SetDesiredCapacityCommand({
          AutoScalingGroupName: group,
          DesiredCapacity: capacity,
          HonorCooldown: false,
        }),
      ),
    );
  }

  /** Launches at once, or says why not. The same token again answers as the first time. */
  async launch(options: {
    readonly group: string;
    readonly count: number;
    readonly zone: string | undefined;
    readonly token: string;
  }): Promise<Launched> {
    return this.#call('LaunchInstances', launched, (client, sdk) =>
      client.send(
        new sdk.LaunchInstancesCommand({
          AutoScalingGroupName: options.group,
          RequestedCapacity: options.count,
          ClientToken: options.token,
          RetryStrategy: 'none',
          ...(options.zone === undefined ? {} : { AvailabilityZones: [options.zone] }),
        }),
      ),
    );
  }

  /** Begins the end of this instance, through its hooks. Must not be sent twice: the second may lower the wish again. */
  async terminate(instanceId: string, wantOneFewer: boolean): Promise<void> {
    await this.#do('TerminateInstanceInAutoScalingGroup', (client, sdk) =>
      client.send(
        new sdk.TerminateInstanceInAutoScalingGroupCommand({
          InstanceId: instanceId,
          ShouldDecrementDesiredCapacity: wantOneFewer,
        }),
      ),
    );
  }

  heartbeat(target: HookTarget): Promise<HookAnswer> {
    return this.#hook('RecordLifecycleActionHeartbeat', (client, sdk) =>
      client.send(new sdk.RecordLifecycleActionHeartbeatCommand(hookInput(target))),
    );
  }

  complete(target: HookTarget): Promise<HookAnswer> {
    return this.#hook('CompleteLifecycleAction', (client, sdk) =>
      client.send(
        new sdk.CompleteLifecycleActionCommand({ ...hookInput(target), LifecycleActionResult: 'CONTINUE' }),
      ),
    );
  }

  /** Undefined: the group has no such hook. */
  async hook(group: string, name: string): Promise<Hook | undefined> {
    const answer = await this.#call('DescribeLifecycleHooks', hooks, (client, sdk) =>
      client.send(
        new sdk.DescribeLifecycleHooksCommand({ AutoScalingGroupName: group, LifecycleHookNames: [name] }),
      ),
    );
    return answer.LifecycleHooks[0];
  }

  /** The state of an instance in its group; undefined: it is in none (any more). */
  async lifecycleState(instanceId: string): Promise<string | undefined> {
    const answer = await this.#call('DescribeAutoScalingInstances', instances, (client, sdk) =>
      client.send(new sdk.DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] })),
    );
    return answer.AutoScalingInstances[0]?.LifecycleState;
  }

  async #hook(name: string, send: (client: Client, sdk: AutoScalingSdk) => Promise<unknown>) {
    try {
      await this.#do(name, send);
      return 'accepted';
    } catch (thrown) {
      const error = cloudError(name, thrown);
      if (isNoActiveAction(error)) return 'not-active';
      throw error;
    }
  }

  async #call<S extends z.ZodType>(
    name: string,
    schema: S,
    send: (client: Client, sdk: AutoScalingSdk) => Promise<unknown>,
  ): Promise<z.output<S>> {
    const answer = schema.safeParse(await this.#do(name, send));
    if (answer.success) return answer.data;
    throw new HoldfastError('INTERNAL', `${name}: an answer that cannot be read`, { cause: answer.error });
  }

  async #do<T>(name: string, send: (client: Client, sdk: AutoScalingSdk) => Promise<T>): Promise<T> {
    try {
      this.#opened ??= openAutoScaling(this.#access);
      const { client, sdk } = await this.#opened;
      return await send(client, sdk);
    } catch (thrown) {
      throw cloudError(name, thrown);
    }
  }

  close(): void {
    void this.#opened?.then(({ client }) => client.destroy());
  }
}

function hookInput({ group, hook, instanceId }: HookTarget) {
  return { AutoScalingGroupName: group, LifecycleHookName: hook, InstanceId: instanceId };
}
