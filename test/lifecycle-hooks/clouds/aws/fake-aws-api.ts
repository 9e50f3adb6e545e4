import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { AwsRefusal, type FakeAutoScaling } from './fake-auto-scaling.ts';
import { globalTimeoutS } from './fake-instance.ts';
import { type Form, listOf, parsedForm, toXml, type Value } from './query-protocol.ts';

/** What goes wrong with one request. */
export type Fault =
  | 'lost-request'
  | 'lost-answer'
  | 'hangs'
  | 'throttled'
  | 'contention'
  | 'denied'
  | 'refused'
  | undefined;

/** Requests and answers get lost, and the cloud throttles; never more than three in a row. */
export function seededFaults(random: () => number): () => Fault {
  let inARow = 0;
  return () => {
    const luck = inARow >= 3 ? 1 : random();
    inARow = luck < 0.4 ? inARow + 1 : 0;
    if (luck < 0.1) return 'lost-request';
    if (luck < 0.2) return 'throttled';
    if (luck < 0.25) return 'contention';
    return luck < 0.4 ? 'lost-answer' : undefined;
  };
}

/** One request and its answer, as they were on the wire. */
export interface Exchange {
  readonly service: 'autoscaling' | 'ec2';
  readonly action: string;
  readonly form: Form;
  readonly status: number;
  readonly xml: string;
}

const vcpus: Readonly<Record<string, number>> = { 'c7i.xlarge': 4, 'c7i.2xlarge': 8 };

/** The parts of Auto Scaling and EC2 that are used here, spoken as AWS speaks them. */
export class FakeAwsApi {
  readonly exchanges: Exchange[] = [];
  /** Asked for each request, by its action. */
  fault: (action: string) => Fault = () => undefined;
  readonly #group: FakeAutoScaling;
  readonly #server: Server;
  #open = 0;

  constructor(group: FakeAutoScaling) {
    this.#group = group;
    this.#server = createServer((request, response) => {
      this.#open += 1;
      response.once('close', () => {
        this.#open -= 1;
      });
      this.#answer(request, response).catch((error) => response.destroy(error));
    });
  }

  /** Requests under way. */
  get open(): number {
    return this.#open;
  }

  calls(action: string): readonly Exchange[] {
    return this.exchanges.filter((exchange) => exchange.action === action);
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = parsedForm(await text(request));
    const action = form.get('Action') ?? '';
    const service = form.get('Version') === '2016-11-15' ? 'ec2' : 'autoscaling';
    const signed = request.headers.authorization?.includes(`/${service}/aws4_request`);
    const fault = this.fault(action);
    if (fault === 'hangs') return;
    if (fault === 'lost-request') return void response.destroy();
    let status = 200;
    let xml: string;
    try {
      if (!signed) throw new AwsRefusal('MissingAuthenticationToken', 'The request is not signed.', 403);
      if (fault === 'throttled') throw new AwsRefusal('Throttling', 'Rate exceeded');
      if (fault === 'contention')
        throw new AwsRefusal('ResourceContention', 'There is a pending update to this resource.', 500);
      if (fault === 'refused')
        throw new AwsRefusal('ValidationError', `${action} is not supported for this group.`);
      if (fault === 'denied')
        throw new AwsRefusal('AccessDenied', `User is not authorized to perform: ${action}`, 403);
      const result = service === 'ec2' ? this.#ec2(action, form) : this.#autoScaling(action, form);
      xml = service === 'ec2' ? ec2Answer(action, result ?? {}) : queryAnswer(action, result);
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
      status = error.status;
      xml = service === 'ec2' ? ec2Refusal(error) : queryRefusal(error);
    }
    this.exchanges.push({ service, action, form, status, xml });
    if (fault === 'lost-answer') return void response.destroy();
    response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': 'request' }).end(xml);
  }

  #autoScaling(action: string, form: Form): Value | undefined {
    const group = this.#group;
    switch (action) {
      case 'DescribeAutoScalingGroups':
        return {
          AutoScalingGroups: listOf(form, 'AutoScalingGroupNames').includes(group.name)
            ? [describedGroup(group)]
            : [],
        };
      case 'DescribeAutoScalingInstances':
        return {
          AutoScalingInstances: group
            .listed()
            .filter(({ make }) => listOf(form, 'InstanceIds').includes(make.id))
            .map((instance) => ({ ...describedInstance(instance), AutoScalingGroupName: group.name })),
        };
      case 'DescribeScalingActivities':
        this.#assertName(form);
        return {
          Activities: group.activities.slice(0, Number(form.get('MaxRecords') ?? 100)).map((activity) => ({
            ActivityId: activity.id,
            AutoScalingGroupName: group.name,
            Description: activity.description,
            Cause: activity.cause,
            StartTime: new Date(activity.startMs),
            EndTime: activity.endMs === undefined ? undefined : new Date(activity.endMs),
            StatusCode: activity.status,
            StatusMessage: activity.statusMessage,
            Progress: activity.endMs === undefined ? 50 : 100,
          })),
        };
      case 'DescribeInstanceRefreshes':
        this.#assertName(form);
        return {
          InstanceRefreshes: group.refreshing
            ? [{ InstanceRefreshId: 'refresh', AutoScalingGroupName: group.name, Status: 'InProgress' }]
            : [],
        };
      case 'DescribeLifecycleHooks':
        this.#assertName(form);
        return {
          LifecycleHooks: group.hooks
            .filter(({ name }) => listOf(form, 'LifecycleHookNames').includes(name))
            .map((hook) => ({
              LifecycleHookName: hook.name,
              AutoScalingGroupName: group.name,
              LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
              HeartbeatTimeout: hook.heartbeatTimeoutS,
              GlobalTimeout: globalTimeoutS(hook),
              DefaultResult: hook.defaultResult,
            })),
        };
      case 'SetDesiredCapacity':
        this.#assertName(form);
        group.setDesired(Number(form.get('DesiredCapacity')));
        return undefined;
      case 'LaunchInstances': {
        this.#assertName(form);
        if ((form.get('RetryStrategy') ?? 'none') !== 'none')
          throw new AwsRefusal(
            'ValidationError',
            'This fake does not launch later what it cannot launch now.',
          );
        const launched = group.launchInstances({
          count: Number(form.get('RequestedCapacity')),
          token: form.get('ClientToken') ?? '',
          zones: listOf(form, 'AvailabilityZones'),
        });
        return {
          AutoScalingGroupName: group.name,
          ClientToken: launched.token,
          Instances: launched.instances.map(({ zone, type, market, ids }) => ({
            InstanceType: type,
            MarketType: market,
            AvailabilityZone: zone,
            InstanceIds: ids,
          })),
          Errors: launched.errors.map(({ zone, code, message }) => ({
            AvailabilityZone: zone,
            ErrorCode: code,
            ErrorMessage: message,
          })),
        };
      }
      case 'TerminateInstanceInAutoScalingGroup': {
        const activity = group.terminate(
          form.get('InstanceId') ?? '',
          form.get('ShouldDecrementDesiredCapacity') === 'true',
        );
        return {
          Activity: {
            ActivityId: activity.id,
            AutoScalingGroupName: group.name,
            Description: activity.description,
            Cause: activity.cause,
            StartTime: new Date(activity.startMs),
            StatusCode: activity.status,
            Progress: 0,
          },
        };
      }
      case 'RecordLifecycleActionHeartbeat':
        this.#assertName(form);
        this.#held(form, (instance, hook) => instance.heartbeat(hook));
        return {};
      case 'CompleteLifecycleAction': {
        this.#assertName(form);
        const result = form.get('LifecycleActionResult') === 'CONTINUE' ? 'CONTINUE' : 'ABANDON';
        this.#held(form, (instance, hook) => instance.complete(hook, result));
        return {};
      }
      default:
        throw new AwsRefusal('InvalidAction', `Could not find operation ${action} for version 2011-01-01`);
    }
  }

  #held(form: Form, act: (instance: ReturnType<FakeAutoScaling['get']>, hook: string) => boolean): void {
    const id = form.get('InstanceId') ?? '';
    const instance = this.#group.instances.get(id);
    if (!instance || !act(instance, form.get('LifecycleHookName') ?? ''))
      throw new AwsRefusal('ValidationError', `No active Lifecycle Action found with instance ID ${id}`);
  }

  #assertName(form: Form): void {
    if (form.get('AutoScalingGroupName') !== this.#group.name)
      throw new AwsRefusal('ValidationError', 'AutoScalingGroup name not found - AutoScalingGroup not found');
  }

  #ec2(action: string, form: Form): Value {
    const values = listOf(form, 'Filter.1.Value');
    switch (action) {
      case 'DescribeInstances':
        return {
          reservationSet: [...this.#group.ever.values()]
            .filter(({ id }) => values.includes(id))
            .map(({ make, dead }) => ({
              reservationId: `r-${make.id}`,
              instancesSet: [
                {
                  instanceId: make.id,
                  instanceType: make.type,
                  launchTime: new Date(make.launchedAtMs),
                  instanceLifecycle: make.market === 'spot' ? 'spot' : undefined,
                  instanceState: dead ? { code: 48, name: 'terminated' } : { code: 16, name: 'running' },
                },
              ],
            })),
        };
      case 'DescribeInstanceTypes':
        return {
          instanceTypeSet: values.flatMap((type) => {
            const count = vcpus[type];
            return count === undefined ? [] : [{ instanceType: type, vCpuInfo: { defaultVCpus: count } }];
          }),
        };
      default:
        throw new AwsRefusal('InvalidAction', `The action ${action} is not valid for this web service.`);
    }
  }
}

function describedGroup(group: FakeAutoScaling): Value {
  const { options } = group;
  return {
    AutoScalingGroupName: group.name,
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: options.zones,
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 300,
    CreatedTime: new Date(0),
    Status: group.status,
    NewInstancesProtectedFromScaleIn: options.protect,
    LaunchTemplate: {
      LaunchTemplateId: 'lt-0123456789abcdef0',
      LaunchTemplateName: 'media',
      Version: group.version,
    },
    SuspendedProcesses: [...group.suspended].map((ProcessName) => ({
      ProcessName,
      SuspensionReason: 'User suspended',
    })),
    Instances: group.listed().map(describedInstance),
  };
}

function describedInstance({
  make,
  state,
  health,
  isProtected,
}: ReturnType<FakeAutoScaling['listed']>[number]) {
  return {
    InstanceId: make.id,
    InstanceType: make.type,
    AvailabilityZone: make.zone,
    LifecycleState: state,
    HealthStatus: health,
    ProtectedFromScaleIn: isProtected,
    LaunchTemplate: {
      LaunchTemplateId: make.template.id,
      LaunchTemplateName: 'media',
      Version: make.template.version,
    },
  };
}

const namespace = 'http://autoscaling.amazonaws.com/doc/2011-01-01/';

function queryAnswer(action: string, result: Value | undefined): string {
  const body = result === undefined ? '' : `<${action}Result>${toXml(result, 'member')}</${action}Result>`;
  return `<${action}Response xmlns="${namespace}">${body}<ResponseMetadata><RequestId>request</RequestId></ResponseMetadata></${action}Response>`;
}

function queryRefusal({ code, message, status }: AwsRefusal): string {
  const error = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
  return `<ErrorResponse xmlns="${namespace}"><Error>${toXml(error, 'member')}</Error><RequestId>request</RequestId></ErrorResponse>`;
}

function ec2Answer(action: string, result: Value): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>request</requestId>${toXml(result, 'item')}</${action}Response>`;
}

function ec2Refusal({ code, message }: AwsRefusal): string {
  return `<Response><Errors><Error>${toXml({ Code: code, Message: message }, 'item')}</Error></Errors><RequestID>request</RequestID></Response>`;
}
