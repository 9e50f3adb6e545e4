import type { Clock } from '@holdfast/media-server/process/clock.ts';

/** A hook on termination. */
export interface FakeHook {
  readonly name: string;
  readonly heartbeatTimeoutS: number;
  readonly defaultResult: 'CONTINUE' | 'ABANDON';
  /** Less than AWS would give, for tests that have not so much time. */
  readonly globalTimeoutS?: number;
}

/** The longest that any hook may hold an instance, s. */
export function globalTimeoutS({ heartbeatTimeoutS, globalTimeoutS = Infinity }: FakeHook): number {
  return Math.min(globalTimeoutS, 172_800, 100 * heartbeatTimeoutS);
}

interface Action {
  readonly hook: FakeHook;
  readonly limitAtMs: number;
  deadlineMs: number;
  cancel: () => void;
}

export interface MaintenanceEvent {
  readonly id: string;
  readonly code: string;
  readonly notBeforeMs: number;
  state: 'active' | 'completed' | 'canceled';
}

/** What an instance is made of. */
export interface InstanceMake {
  readonly id: string;
  readonly zone: string;
  readonly type: string;
  readonly market: 'on-demand' | 'spot';
  readonly template: { readonly id: string; readonly version: string };
  readonly launchedAtMs: number;
  readonly isProtected: boolean;
}

export interface InstanceWorld {
  readonly clock: Clock;
  /** The terminating hooks that the group has at this moment. */
  hooks(): readonly FakeHook[];
  /** From `Terminating` to the hooks: a load balancer lets go first, ms. */
  readonly deregistrationMs: number;
  /** Called after each change of what the group lists. */
  changed(): void;
  /** It has left the group. */
  left(instance: FakeInstance): void;
}

/** One instance: its place in the group's life cycle, the hooks that hold it, and what its metadata says. */
export class FakeInstance {
  readonly make: InstanceMake;
  readonly #world: InstanceWorld;
  readonly #actions = new Map<string, Action>();
  state = 'Pending';
  health: 'Healthy' | 'Unhealthy' = 'Healthy';
  isProtected: boolean;
  /** What its metadata says of where it is going. */
  target: string | undefined;
  /** It does not run any more, whatever the group thinks. */
  dead = false;
  spotAction: { readonly action: 'terminate' | 'stop' | 'hibernate'; readonly atMs: number } | undefined;
  rebalanceAtMs: number | undefined;
  readonly maintenance: MaintenanceEvent[] = [];
  /** Hooks that were completed by a call; by time, it is not counted. */
  completions = 0;
  heartbeats = 0;
  readonly activity: { end: ((status: 'Successful' | 'MidLifecycleAction') => void) | undefined } = {
    end: undefined,
  };

  constructor(make: InstanceMake, world: InstanceWorld) {
    this.make = make;
    this.isProtected = make.isProtected;
    this.#world = world;
  }

  get id(): string {
    return this.make.id;
  }

  /** One of those that the desired capacity counts. */
  get counts(): boolean {
    return /^(Pending|InService)/.test(this.state);
  }

  get isLeaving(): boolean {
    return /^Terminat/.test(this.state);
  }

  /** When the first hook's patience ends; undefined: none holds it. */
  get deadlineMs(): number | undefined {
    const times = [...this.#actions.values()].map(({ deadlineMs }) => deadlineMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  arrive(): void {
    if (this.state !== 'Pending' || this.dead) return;
    this.target = 'InService';
    this.#become('InService');
  }

  terminate(): void {
    if (this.isLeaving) return;
    this.target = 'Terminated';
    this.#become('Terminating');
    this.#world.clock.after(this.#world.deregistrationMs, () => this.#hold());
  }

  #hold(): void {
    if (this.state !== 'Terminating') return;
    const nowMs = this.#world.clock.now();
    const hooks = this.#world.hooks();
    if (hooks.length === 0) {
      this.#proceed();
      return;
    }
    for (const hook of hooks) {
      const action: Action = {
        hook,
        limitAtMs: nowMs + globalTimeoutS(hook) * 1000,
        deadlineMs: nowMs + hook.heartbeatTimeoutS * 1000,
        cancel: () => {},
      };
      this.#actions.set(hook.name, action);
      this.#arm(action);
    }
    this.activity.end?.('MidLifecycleAction');
    this.#become('Terminating:Wait');
  }

  #arm(action: Action): void {
    action.cancel();
    action.cancel = this.#world.clock.after(action.deadlineMs - this.#world.clock.now(), () => {
      if (this.#actions.get(action.hook.name) === action)
        this.#endAction(action.hook.name, action.hook.defaultResult);
    });
  }

  /** False: no such hook holds it. */
  heartbeat(hookName: string): boolean {
    const action = this.#actions.get(hookName);
    if (!action) return false;
    this.heartbeats += 1;
    action.deadlineMs = Math.min(
      action.limitAtMs,
      this.#world.clock.now() + action.hook.heartbeatTimeoutS * 1000,
    );
    this.#arm(action);
    return true;
  }

  complete(hookName: string, result: 'CONTINUE' | 'ABANDON'): boolean {
    if (!this.#actions.has(hookName)) return false;
    this.completions += 1;
    this.#endAction(hookName, result);
    return true;
  }

  #endAction(hookName: string, result: 'CONTINUE' | 'ABANDON'): void {
    this.#actions.get(hookName)?.cancel();
    this.#actions.delete(hookName);
    // Abandoning skips what other hooks have to do.
    if (result === 'ABANDON') {
      for (const { cancel } of this.#actions.values()) cancel();
      this.#actions.clear();
    }
    if (this.#actions.size === 0) this.#proceed();
  }

  #proceed(): void {
    this.#become('Terminating:Proceed');
    this.#world.clock.after(1000, () => {
      this.kill();
      this.state = 'Terminated';
      this.activity.end?.('Successful');
      this.#world.left(this);
    });
  }

  /** The group takes its word back: AWS promises no such thing, and its metadata may say so all the same. */
  keep(): void {
    for (const { cancel } of this.#actions.values()) cancel();
    this.#actions.clear();
    this.target = 'InService';
    this.#become('InService');
  }

  /** EC2 ends the machine, whatever the group's hooks say. */
  kill(): void {
    this.dead = true;
  }

  become(state: 'Standby' | 'EnteringStandby' | 'Detached'): void {
    this.target = state === 'EnteringStandby' ? 'Standby' : state;
    this.#become(state);
  }

  unhealthy(): void {
    this.health = 'Unhealthy';
    this.#world.changed();
  }

  #become(state: string): void {
    this.state = state;
    this.#world.changed();
  }
}
