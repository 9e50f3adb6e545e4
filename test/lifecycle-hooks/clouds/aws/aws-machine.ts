import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsNoticeSource } from '@holdfast/lifecycle-hooks/clouds/aws/aws-notice-source.ts';
import { openAwsNotices } from '@holdfast/lifecycle-hooks/clouds/aws/open-aws-notices.ts';
import type { NoticeSource } from '@holdfast/lifecycle-hooks/clouds/types.ts';
import { AwsMetadata } from '@holdfast/media-server/machine/aws-metadata.ts';
import { pino } from 'pino';
import type { NoticesUnderTest } from '../notice-source-contract.ts';
import { AwsFleet, type AwsFleetOptions } from './aws-fleet.ts';
import { FakeImds, type FakeImdsOptions } from './fake-imds.ts';
import type { FakeInstance } from './fake-instance.ts';

export interface AwsMachineOptions extends AwsFleetOptions {
  readonly imds?: FakeImdsOptions;
  /** The longest that the metadata may take for an answer, in real time, ms. */
  readonly imdsTimeoutMs?: number;
}

/** One machine of the fake's group, with its metadata service. */
export class AwsMachine {
  readonly fleet: AwsFleet;
  readonly instance: FakeInstance;
  readonly imds: FakeImds;
  readonly log: { readonly event: string; readonly level: number }[] = [];
  readonly looks: boolean[] = [];
  /** In a folder of its own. */
  memoryFile = 'termination.json';
  readonly #directory = mkdtempSync(join(tmpdir(), 'termination-'));
  readonly #imdsTimeoutMs: number;
  #owned: AwsFleet | undefined;

  private constructor(fleet: AwsFleet, instance: FakeInstance, imds: FakeImds, imdsTimeoutMs: number) {
    this.fleet = fleet;
    this.instance = instance;
    this.imds = imds;
    this.#imdsTimeoutMs = imdsTimeoutMs;
  }

  static async of({ imds, imdsTimeoutMs = 20_000, ...options }: AwsMachineOptions = {}): Promise<AwsMachine> {
    const fleet = await AwsFleet.of(options);
    const instance = fleet.group.get(fleet.pair()[0]);
    const service = await new FakeImds(instance, imds).listen();
    const machine = new AwsMachine(fleet, instance, service, imdsTimeoutMs);
    machine.#owned = fleet;
    fleet.busy.push(() => service.open);
    return machine;
  }

  /** One of several of a fleet, which is closed by whoever opened it. */
  static async on(fleet: AwsFleet, instance: FakeInstance): Promise<AwsMachine> {
    const service = await new FakeImds(instance).listen();
    fleet.busy.push(() => service.open);
    return new AwsMachine(fleet, instance, service, 20_000);
  }

  /** As a newly started agent of this machine has it. */
  source(): AwsNoticeSource {
    const { group, clock, access } = this.fleet;
    return openAwsNotices({
      group: group.name,
      hook: 'drain',
      instanceId: this.instance.id,
      heartbeatTimeoutMs: 300_000,
      access,
      metadata: { endpoint: this.imds.endpoint, timeoutMs: this.#imdsTimeoutMs },
      memoryFile: join(this.#directory, this.memoryFile),
      clock,
      log: pino(
        { level: 'info' },
        {
          write: (line) => {
            const { msg, level } = JSON.parse(line);
            this.log.push({ event: msg, level });
          },
        },
      ),
      onLook: (answered) => this.looks.push(answered),
    });
  }

  metadata(): AwsMetadata {
    return new AwsMetadata({ endpoint: this.imds.endpoint, timeoutMs: this.#imdsTimeoutMs });
  }

  pass(ms: number): Promise<void> {
    return this.fleet.pass(ms);
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.fleet.until(what, condition);
  }

  async close(): Promise<void> {
    await this.fleet.pass(0);
    await this.imds.close();
    await this.#owned?.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/** One machine of AWS for the contract. `dress`: what is put around its source. */
export async function awsNotices(
  options: AwsMachineOptions & {
    readonly dress?: (source: NoticeSource) => NoticeSource;
    readonly faults?: (machine: AwsMachine) => void;
  } = {},
): Promise<NoticesUnderTest> {
  const { dress = (source) => source, faults, ...rest } = options;
  const machine = await AwsMachine.of(rest);
  faults?.(machine);
  const { instance, fleet, imds } = machine;
  const { group, clock } = fleet;
  const heartbeatMs = (group.hooks[0]?.heartbeatTimeoutS ?? 0) * 1000;
  const terminate = async () => {
    group.terminate(instance.id, true);
    // The hook begins to wait a little later; nobody tells the machine.
    return { deadlineMs: clock.now() + group.options.deregistrationMs + heartbeatMs };
  };
  return {
    source: () => dress(machine.source()),
    terminate,
    // AWS never tells the deadline of a hook.
    terminateHidden: terminate,
    preempt: async () => ({ deadlineMs: group.interrupt(instance.id) }),
    advise: async () => {
      instance.rebalanceAtMs = clock.now();
    },
    // AWS promises no such thing; its metadata may say so.
    withdraw: async () => instance.keep(),
    interrupt: async () => {
      await imds.close();
      await machine.pass(5000);
      await imds.listen();
    },
    pass: (ms) => machine.pass(ms),
    isGone: () => instance.dead,
    until: (what, condition) => machine.until(what, condition),
    close: () => machine.close(),
  };
}
