import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { type FakeHook, FakeInstance, type InstanceMake } from './fake-instance.ts';

/** An error as AWS answers it. */
export class AwsRefusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export interface FakeGroupOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly name?: string;
  readonly min?: number;
  readonly max?: number;
  readonly zones?: readonly string[];
  readonly machineType?: string;
  readonly market?: 'on-demand' | 'spot';
  readonly version?: string;
  readonly protect?: boolean;
  readonly hooks?: readonly FakeHook[];
  readonly deregistrationMs?: number;
  /** How old the members that are listed may be, ms. What is wanted is always of now. */
  readonly staleMs?: number;
  /** What AWS does with a second termination of the same instance is not written down anywhere. */
  readonly secondTermination?: 'fails' | 'does nothing' | 'lowers the wish again';
  /** Until a launch is listed, and from then on until it is in service, ms. */
  readonly launch?: { readonly listedAfterMs: number; readonly inServiceAfterMs: number };
}

/** `pending`: listed, and never in service. `unlisted`: not even listed. `no-capacity`: each attempt fails. */
export type Launching = 'works' | 'pending' | 'unlisted' | 'no-capacity' | 'quota';

export interface FakeActivity {
  readonly id: string;
  readonly description: string;
  readonly cause: string;
  readonly startMs: number;
  endMs: number | undefined;
  status: string;
  statusMessage: string | undefined;
}

export interface ListedInstance {
  readonly make: InstanceMake;
  readonly state: string;
  readonly health: string;
  readonly isProtected: boolean;
}

const LAUNCH_RETRY_MS = 60_000;
const HEALTH_CHECK_MS = 30_000;

/** An Auto Scaling group as AWS has it, in memory, under a clock that tests move. */
export class FakeAutoScaling {
  readonly options: Required<FakeGroupOptions>;
  readonly instances = new Map<string, FakeInstance>();
  /** Of EC2, which remembers machines for a while after they have left. */
  readonly ever = new Map<string, FakeInstance>();
  readonly activities: FakeActivity[] = [];
  readonly suspended = new Set<string>(['AZRebalance']);
  readonly hooks: FakeHook[];
  status: string | undefined;
  refreshing = false;
  /** Terminations are accepted, and nothing comes of them. */
  forgetsTerminations = false;
  launching: Launching = 'works';
  /** How many more machines AWS has. */
  capacity = Infinity;
  min: number;
  max: number;
  desired = 0;
  version: string;
  readonly #starting = new Set<{ readonly zone: string }>();
  readonly #tokens = new Map<string, { readonly count: number; readonly answer: LaunchAnswer }>();
  readonly #history: { readonly atMs: number; readonly instances: readonly ListedInstance[] }[] = [];
  #numbers = 0;

  constructor(options: FakeGroupOptions) {
    this.options = {
      name: 'media',
      min: 0,
      max: 10,
      zones: ['us-east-1a', 'us-east-1b'],
      machineType: 'c7i.xlarge',
      market: 'on-demand',
      version: '3',
      protect: true,
      hooks: [
        {
          name: 'drain',
          heartbeatTimeoutS: 300,
          defaultResult: 'CONTINUE',
        },
      ],
      deregistrationMs: 500,
      staleMs: 0,
      secondTermination: 'fails',
      launch: { listedAfterMs: 6000, inServiceAfterMs: 20_000 },
      ...options,
    };
    this.min = this.options.min;
    this.max = this.options.max;
    this.version = this.options.version;
    this.hooks = [...this.options.hooks];
    this.#remember();
  }

  get name(): string {
    return this.options.name;
  }

  /** What is listed now: of some moment within the last seconds, not always a later one than before. */
  listed(): readonly ListedInstance[] {
    const { clock, staleMs, random } = this.options;
    const nowMs = clock.now();
    const oldest = nowMs - Math.floor(random() * staleMs);
    return this.#history.findLast(({ atMs }) => atMs <= oldest)?.instances ?? this.truth();
  }

  truth(): readonly ListedInstance[] {
    return [...this.instances.values()].map(({ make, state, health, isProtected }) => ({
      make,
      state,
      health,
      isProtected,
    }));
  }

  setDesired(capacity: number): void {
    if (capacity > this.max)
      throw invalid(
        `New SetDesiredCapacity value ${capacity} is above max value ${this.max} for the AutoScalingGroup.`,
      );
    if (capacity < this.min)
      throw invalid(
        `New SetDesiredCapacity value ${capacity} is below min value ${this.min} for the AutoScalingGroup.`,
      );
    this.desired = capacity;
    this.reconcile('a user request explicitly set group desired capacity');
  }

  /** Limits may change the wish with them. */
  update(limits: { readonly min?: number; readonly max?: number }): void {
    this.min = limits.min ?? this.min;
    this.max = limits.max ?? this.max;
    this.desired = Math.max(this.min, Math.min(this.max, this.desired));
    this.reconcile('a user request updated the group');
  }

  launchInstances(request: {
    readonly count: number;
    readonly token: string;
    readonly zones: readonly string[];
  }): LaunchAnswer {
    const before = this.#tokens.get(request.token);
    if (before) {
      if (before.count !== request.count)
        throw new AwsRefusal(
          'IdempotentParameterMismatch',
          'The parameters do not match those of the request with this client token.',
        );
      return before.answer;
    }
    const { zones, machineType, market } = this.options;
    const zone = request.zones[0] ?? (zones.length === 1 ? zones[0] : undefined);
    if (zone === undefined || !zones.includes(zone))
      throw invalid(
        'Either AvailabilityZones or SubnetIds must be specified for groups with multiple zones.',
      );
    if (this.desired + request.count > this.max)
      throw invalid(`The requested capacity would put the group above max value ${this.max}.`);
    const made: string[] = [];
    const lacks = this.launching === 'no-capacity' || this.launching === 'quota';
    const launched = lacks ? 0 : Math.min(request.count, this.capacity);
    this.capacity -= launched;
    this.desired += launched;
    for (let each = 0; each < launched; each += 1) made.push(this.#make(zone).id);
    const fails = launched < request.count;
    const answer: LaunchAnswer = {
      token: request.token,
      instances: made.length > 0 ? [{ zone, type: machineType, market, ids: made }] : [],
      errors: fails ? [{ zone, ...this.#launchError() }] : [],
    };
    this.#tokens.set(request.token, { count: request.count, answer });
    return answer;
  }

  terminate(id: string, decrement: boolean): FakeActivity {
    const instance = this.instances.get(id);
    if (!instance) throw invalid(`Instance Id not found - No managed instance found for instance ID: ${id}`);
    if (instance.state === 'EnteringStandby') throw busy(this.name);
    if (instance.isLeaving) {
      const { secondTermination } = this.options;
      if (secondTermination === 'fails') throw busy(this.name);
      if (secondTermination === 'lowers the wish again' && decrement)
        this.desired = Math.max(this.min, this.desired - 1);
      return this.#activity(`Terminating EC2 instance: ${id}`, 'again');
    }
    if (decrement && this.desired <= this.min)
      throw invalid(
        `Currently, desiredSize equals minSize (${this.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      );
    if (decrement) this.desired -= 1;
    if (this.forgetsTerminations) return this.#activity(`Terminating EC2 instance: ${id}`, 'a user request');
    return this.end(instance, 'a user request');
  }

  /** Through the hooks, as everything does that the group ends itself. */
  end(instance: FakeInstance, cause: string): FakeActivity {
    const activity = this.#activity(`Terminating EC2 instance: ${instance.id}`, cause);
    instance.activity.end = (status) => {
      activity.status = status;
      if (status === 'Successful') activity.endMs = this.options.clock.now();
    };
    instance.terminate();
    this.reconcile(`${instance.id} was taken out of service`);
    return activity;
  }

  /** EC2 ends a machine without asking the group: spot, the EC2 console, a broken host. The group finds out later. */
  killed(id: string): void {
    const instance = this.get(id);
    instance.kill();
    this.options.clock.after(HEALTH_CHECK_MS, () => this.replaceUnhealthy(id));
  }

  replaceUnhealthy(id: string): void {
    const instance = this.get(id);
    instance.unhealthy();
    if (!this.suspended.has('ReplaceUnhealthy') && !instance.isLeaving)
      this.end(instance, 'an EC2 health check');
  }

  /** Two minutes' notice, and the hooks do not count. */
  interrupt(id: string, action: 'terminate' | 'stop' | 'hibernate' = 'terminate'): number {
    const { clock } = this.options;
    const atMs = clock.now() + (action === 'hibernate' ? 0 : 120_000);
    const instance = this.get(id);
    instance.spotAction = { action, atMs: Math.floor(atMs / 1000) * 1000 };
    clock.after(atMs - clock.now(), () => this.killed(id));
    return instance.spotAction.atMs;
  }

  /** Replaces everything of an old version, one after the other. */
  refresh(version: string): void {
    this.version = version;
    this.refreshing = true;
    for (const instance of [...this.instances.values()])
      if (instance.make.template.version !== version) this.end(instance, 'an instance refresh');
  }

  get(id: string): FakeInstance {
    const instance = this.ever.get(id);
    if (!instance) throw new Error(`there never was an instance ${id}`);
    return instance;
  }

  /** Launches what is missing, and ends what is too much and not protected. */
  reconcile(cause: string): void {
    const counted = [...this.instances.values()].filter(({ counts }) => counts);
    const there = counted.length + this.#starting.size;
    for (let missing = this.desired - there; missing > 0; missing -= 1) this.#launch(cause);
    let surplus = there - this.desired;
    for (const start of [...this.#starting].slice(0, Math.max(0, surplus))) {
      this.#starting.delete(start);
      surplus -= 1;
    }
    const victims = counted.filter(({ isProtected }) => !isProtected).slice(0, Math.max(0, surplus));
    for (const victim of victims) this.end(victim, cause);
  }

  #launch(cause: string): void {
    const { clock, zones, launch } = this.options;
    const counts = (zone: string) =>
      [...this.instances.values()].filter(({ make, counts }) => counts && make.zone === zone).length +
      [...this.#starting].filter((start) => start.zone === zone).length;
    const zone = zones.toSorted((a, b) => counts(a) - counts(b))[0] ?? 'us-east-1a';
    const start = { zone };
    this.#starting.add(start);
    if (this.launching === 'unlisted') return;
    const attempt = () => {
      if (!this.#starting.has(start)) return;
      if (this.launching === 'no-capacity' || this.launching === 'quota') {
        const activity = this.#activity('Launching a new EC2 instance', cause);
        const { message } = this.#launchError();
        activity.status = 'Failed';
        activity.statusMessage = `${message} Launching EC2 instance failed.`;
        activity.endMs = clock.now();
        clock.after(LAUNCH_RETRY_MS, attempt);
        return;
      }
      this.#starting.delete(start);
      this.#make(zone, cause);
    };
    clock.after(launch.listedAfterMs, attempt);
  }

  #launchError(): { readonly code: string; readonly message: string } {
    const { machineType } = this.options;
    return this.launching === 'quota'
      ? {
          code: 'VcpuLimitExceeded',
          message:
            'You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.',
        }
      : {
          code: 'InsufficientInstanceCapacity',
          message: `We currently do not have sufficient ${machineType} capacity in the Availability Zone you requested.`,
        };
  }

  #make(zone: string, cause = 'LaunchInstances'): FakeInstance {
    const { clock, machineType, market, protect, deregistrationMs, launch } = this.options;
    this.#numbers += 1;
    const make: InstanceMake = {
      id: `i-${this.#numbers.toString(16).padStart(17, '0')}`,
      zone,
      type: machineType,
      market,
      template: { id: 'lt-0123456789abcdef0', version: this.version },
      launchedAtMs: clock.now(),
      isProtected: protect,
    };
    const instance = new FakeInstance(make, {
      clock,
      hooks: () => this.hooks,
      deregistrationMs,
      changed: () => this.#remember(),
      left: () => {
        this.instances.delete(make.id);
        this.#remember();
        this.reconcile('an instance has left');
      },
    });
    this.instances.set(make.id, instance);
    this.ever.set(make.id, instance);
    const activity = this.#activity(`Launching a new EC2 instance: ${make.id}`, cause);
    activity.status = 'PreInService';
    this.#remember();
    if (this.launching !== 'pending')
      clock.after(launch.inServiceAfterMs, () => {
        instance.arrive();
        activity.status = 'Successful';
        activity.endMs = clock.now();
      });
    return instance;
  }

  #activity(description: string, cause: string): FakeActivity {
    const startMs = this.options.clock.now();
    const activity: FakeActivity = {
      id: `activity-${this.activities.length}`,
      description,
      cause: `At ${new Date(startMs).toISOString()} ${cause}.`,
      startMs,
      endMs: undefined,
      status: 'InProgress',
      statusMessage: undefined,
    };
    this.activities.unshift(activity);
    return activity;
  }

  #remember(): void {
    const atMs = this.options.clock.now();
    this.#history.push({ atMs, instances: this.truth() });
  }
}

export interface LaunchAnswer {
  readonly token: string;
  readonly instances: readonly {
    readonly zone: string;
    readonly type: string;
    readonly market: string;
    readonly ids: readonly string[];
  }[];
  readonly errors: readonly { readonly zone: string; readonly code: string; readonly message: string }[];
}

function invalid(message: string): AwsRefusal {
  return new AwsRefusal('ValidationError', message);
}

function busy(group: string): AwsRefusal {
  return new AwsRefusal('ScalingActivityInProgress', `A scaling activity of ${group} is in progress.`);
}
