import { createHash } from 'node:crypto';
import type { Clock } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import type { Fleet, FleetDriver, Growth } from '../types.ts';
import type { Group } from './auto-scaling-answers.ts';
import type { AutoScalingApi } from './auto-scaling-api.ts';
import { launchFailureCode } from './cloud-error.ts';
import { assembled, type LaunchedMachine, templateOf } from './fleet-assembly.ts';
import * as ledgers from './fleet-ledger.ts';
import { GroupNews } from './group-news.ts';
import type { MachineCatalogue } from './machine-catalogue.ts';
import { memberState, releasable } from './member-state.ts';

/** What of Auto Scaling drives a group. */
export type GroupApi = Pick<
  AutoScalingApi,
  'group' | 'activities' | 'isRefreshing' | 'setDesired' | 'launch' | 'terminate'
>;

export interface AwsFleetDriverOptions {
  /** Name of the Auto Scaling group. */
  readonly group: string;
  /** The fleet's own minimum. The group's should be 0: at its own minimum AWS refuses every release. */
  readonly min: number;
  readonly machine: LaunchedMachine;
  readonly api: GroupApi;
  readonly catalogue: MachineCatalogue;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * An Auto Scaling group. What it wants is always of now; the members it lists may be seconds old, so what this driver was
 * told itself is laid over them. No size is ever lowered while it could end a machine: the victim is always named.
 */
export class AwsFleetDriver implements FleetDriver {
  readonly #options: AwsFleetDriverOptions;
  readonly #news: GroupNews;
  #ledger: ledgers.Ledger;
  /** Growths by operation: what was sent, and whether it was accepted. */
  readonly #growths = new Map<string, { readonly count: number; readonly done: boolean }>();
  /** Sizes that were set lower to give up a launch, and not answered: the size before. */
  readonly #lowered = new Map<string, number>();
  #launchesDenied = false;

  constructor(options: AwsFleetDriverOptions) {
    this.#options = options;
    this.#news = new GroupNews(options);
    this.#ledger = ledgers.newLedger(options.clock.now());
  }

  async describe(): Promise<Fleet> {
    const { machine, catalogue, min } = this.#options;
    const { group, askedAtMs } = await this.#read();
    const refreshing = await this.#news.isRefreshing();
    const someMissing = this.#ledger.launches.some(({ named }) => !named);
    const activities = someMissing ? await this.#news.activities() : [];
    const listed = new Map(
      group.Instances.map(({ InstanceId }) => [
        InstanceId,
        this.#ledger.firstSeenMs.get(InstanceId) ?? askedAtMs,
      ]),
    );
    return assembled({
      group,
      ledger: this.#ledger,
      activities,
      machines: await catalogue.machines(listed, machine.market),
      workers: await this.#workers(group),
      machine,
      min,
      refreshing,
      askedAtMs,
    });
  }

  /** By machine type. */
  async #workers(group: Group): Promise<ReadonlyMap<string, number>> {
    const { machine, catalogue } = this.#options;
    const types = new Set(group.Instances.map(({ InstanceType }) => InstanceType ?? machine.type));
    const workers = new Map<string, number>();
    for (const type of types.add(machine.type)) {
      const known = type === machine.type ? machine.workers : undefined;
      workers.set(type, known ?? (await catalogue.workers(type)) ?? machine.workers ?? 1);
    }
    return workers;
  }

  async grow({ to, operationId, prefer = {} }: Growth): Promise<void> {
    if (!Number.isInteger(to)) throw new HoldfastError('BAD_REQUEST', `${to} is no number of machines`);
    const before = this.#growths.get(operationId);
    if (before?.done) return;
    const { group } = await this.#read();
    if (to > group.MaxSize)
      throw new HoldfastError(
        'CLOUD_QUOTA',
        `cannot grow to ${to} machines: the maximum of the group ${group.AutoScalingGroupName} is ${group.MaxSize}`,
      );
    const zone =
      prefer.zone ?? (group.AvailabilityZones.length === 1 ? group.AvailabilityZones[0] : undefined);
    const known = zone !== undefined && group.AvailabilityZones.includes(zone);
    if (known && !this.#launchesDenied) await this.#launch(group, to, operationId, zone, before?.count);
    else await this.#resize(group, to, operationId);
    this.#growths.set(operationId, { count: before?.count ?? 0, done: true });
  }

  /** Launches there and then, by a token that makes a repetition the same as once. */
  async #launch(
    group: Group,
    to: number,
    operationId: string,
    zone: string,
    sentCount: number | undefined,
  ): Promise<void> {
    const { api, clock, log } = this.#options;
    // A repetition must ask for as many as the first time, whatever is wanted by now.
    const count = sentCount ?? to - group.DesiredCapacity;
    if (count <= 0) return;
    this.#growths.set(operationId, { count, done: false });
    let launched: Awaited<ReturnType<GroupApi['launch']>>;
    try {
      launched = await api.launch({
        group: group.AutoScalingGroupName,
        count,
        zone,
        token: clientToken(operationId),
      });
    } catch (thrown) {
      const error = toHoldfastError(thrown);
      if (error.code !== 'CLOUD_UNREACHABLE') this.#growths.delete(operationId);
      if (error.code !== 'CLOUD_DENIED' && error.code !== 'CLOUD_REFUSED') throw error;
      // Not every group can be told where to launch, and not every process may.
      this.#launchesDenied ||= error.code === 'CLOUD_DENIED';
      log.warn({ message: error.message }, 'aws.zone_not_followed');
      return this.#resize(group, to, operationId);
    }
    const instances = launched.Instances.flatMap(({ InstanceIds, AvailabilityZone }) =>
      InstanceIds.map((id) => ({ id, zone: AvailabilityZone ?? zone })),
    );
    this.#ledger = ledgers.launchedAs(this.#ledger, instances, operationId, clock.now());
    if (instances.length >= count) return;
    const [failure] = launched.Errors;
    const why = `${failure?.ErrorCode ?? 'unknown'}: ${failure?.ErrorMessage ?? 'fewer were launched than asked for'}`;
    if (instances.length > 0) {
      // This zone has no more of them: the rest wherever the group finds some.
      log.warn({ zone, asked: count, launched: instances.length, why }, 'aws.launched_in_part');
      const { group: now } = await this.#read();
      return this.#resize(now, to, operationId);
    }
    this.#growths.delete(operationId);
    throw new HoldfastError(launchFailureCode(why), `LaunchInstances in ${zone}: ${why}`);
  }

  async #resize(group: Group, to: number, operationId: string): Promise<void> {
    const { api, clock } = this.#options;
    const count = to - group.DesiredCapacity;
    if (count <= 0) return;
    await api.setDesired(group.AutoScalingGroupName, to);
    this.#ledger = ledgers.asked(this.#ledger, count, operationId, clock.now());
  }

  async giveUp(memberId: string): Promise<void> {
    const { group, askedAtMs } = await this.#read();
    const where = ledgers.standing(this.#ledger, group, memberId, askedAtMs);
    switch (where.kind) {
      case 'gone':
        return;
      case 'never':
        throw notFound(memberId);
      case 'unclear':
        throw tooEarly(`whether ${memberId} is still there cannot be told yet`, where.forMs);
      case 'launch':
        if (where.launch.named) return this.#terminate(memberId, true, askedAtMs);
        return this.#wantOneFewer(group, where.launch, askedAtMs);
      case 'listed': {
        const instance = group.Instances.find(({ InstanceId }) => InstanceId === memberId);
        const state = instance && memberState(instance);
        if (!state || state.status.state === 'leaving' || this.#ledger.accepted.has(memberId)) return;
        if (state.status.state === 'running')
          throw new HoldfastError('CLOUD_REFUSED', `${memberId} runs: release it instead`);
        await this.#terminate(memberId, state.counts, askedAtMs);
      }
    }
  }

  async release(memberId: string): Promise<void> {
    const { group, askedAtMs } = await this.#read();
    const { min } = this.#options;
    const where = ledgers.standing(this.#ledger, group, memberId, askedAtMs);
    if (where.kind === 'gone') return;
    if (where.kind === 'never') throw notFound(memberId);
    if (where.kind === 'unclear')
      throw tooEarly(`whether ${memberId} is still there cannot be told yet`, where.forMs);
    if (where.kind === 'launch' && !where.launch.named)
      throw new HoldfastError('CLOUD_REFUSED', `${memberId} cannot be released: there is no machine yet`);
    const instance = group.Instances.find(({ InstanceId }) => InstanceId === memberId);
    const state = instance && memberState(instance);
    if (state?.status.state === 'leaving' || this.#ledger.accepted.has(memberId)) return;
    this.#assertSure(memberId, askedAtMs);
    const may = releasable(state?.status ?? { state: 'launching' }, group, {
      min: Math.max(min, group.MinSize),
      refreshing: await this.#news.isRefreshing(),
    });
    if (!may.ok) throw new HoldfastError('CLOUD_REFUSED', `${memberId} cannot be released: ${may.why}`);
    await this.#terminate(memberId, state?.counts ?? true, askedAtMs);
  }

  /** What a termination that was not answered has done does not show at once, and a second might take one more. */
  #assertSure(memberId: string, askedAtMs: number): void {
    const forMs = ledgers.unsureForMs(this.#ledger, memberId, askedAtMs);
    if (forMs === 0) return;
    if (!this.#ledger.doubtful.has(memberId))
      throw tooEarly('what was done before this driver began may not show yet', forMs);
    throw new HoldfastError(
      'CLOUD_UNREACHABLE',
      `whether ${memberId} is being terminated cannot be told yet`,
      { retryAfterMs: forMs },
    );
  }

  async #terminate(memberId: string, wantOneFewer: boolean, askedAtMs: number): Promise<void> {
    const { api, clock } = this.#options;
    this.#assertSure(memberId, askedAtMs);
    this.#ledger = ledgers.sent(this.#ledger, memberId, clock.now());
    try {
      await api.terminate(memberId, wantOneFewer);
    } catch (thrown) {
      const error = toHoldfastError(thrown);
      // It has just gone by itself; the group's list was older than that.
      if (error.code === 'NOT_FOUND') {
        this.#ledger = ledgers.launchOver(ledgers.refused(this.#ledger, memberId), memberId);
        return;
      }
      if (error.code === 'CLOUD_UNREACHABLE')
        this.#ledger = ledgers.sent(this.#ledger, memberId, clock.now());
      else this.#ledger = ledgers.refused(this.#ledger, memberId);
      throw error;
    }
    this.#ledger = ledgers.launchOver(ledgers.accepted(this.#ledger, memberId, clock.now()), memberId);
  }

  /**
   * A launch without a machine can be given up only by wanting one fewer. The cloud then chooses a victim when there is
   * one too many after all, so every machine must be protected, and the launch old enough to have been listed.
   */
  async #wantOneFewer(group: Group, launch: ledgers.Launch, askedAtMs: number): Promise<void> {
    const { api, min } = this.#options;
    const wanted = group.DesiredCapacity;
    const before = this.#lowered.get(launch.id);
    if (before === undefined || before === wanted) {
      const young = launch.atMs + ledgers.STALE_MS - askedAtMs;
      if (young > 0) throw tooEarly(`the launch ${launch.id} may be there and not listed yet`, young);
      const least = Math.max(min, group.MinSize);
      if (wanted <= least)
        throw new HoldfastError('CLOUD_REFUSED', `the group is at its minimum of ${least}`);
      const bare = group.Instances.find((each) => memberState(each)?.counts && !each.ProtectedFromScaleIn);
      if (bare || !group.NewInstancesProtectedFromScaleIn)
        throw new HoldfastError(
          'CLOUD_REFUSED',
          `${bare?.InstanceId ?? 'the next machine'} is not protected from scale-in, so AWS might end it in place of the launch`,
        );
      this.#lowered.set(launch.id, wanted);
      await api.setDesired(group.AutoScalingGroupName, wanted - 1);
    }
    this.#lowered.delete(launch.id);
    this.#ledger = ledgers.launchOver(this.#ledger, launch.id);
  }

  async #read(): Promise<{ readonly group: Group; readonly askedAtMs: number }> {
    const { api, clock } = this.#options;
    const askedAtMs = clock.now();
    const group = await api.group(this.#options.group);
    templateOf(group);
    this.#ledger = ledgers.read(this.#ledger, group, askedAtMs);
    return { group, askedAtMs };
  }
}

/** AWS takes 64 letters, digits and a few signs. */
function clientToken(operationId: string): string {
  return createHash('sha256').update(operationId).digest('hex').slice(0, 40);
}

function notFound(memberId: string): HoldfastError {
  return new HoldfastError('NOT_FOUND', `the group never had a member ${memberId}`);
}

function tooEarly(message: string, retryAfterMs: number): HoldfastError {
  return new HoldfastError('CLOUD_CONFLICT', message, { retryAfterMs });
}
