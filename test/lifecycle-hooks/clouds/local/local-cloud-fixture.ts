import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CloudEvent,
  LocalCloud,
  type LocalCloudOptions,
} from '@holdfast/lifecycle-hooks/clouds/local/local-cloud.ts';
import { LocalNoticeSource } from '@holdfast/lifecycle-hooks/clouds/local/local-notice-source.ts';
import { pino } from 'pino';
import { ManualClock } from '../../../media-server/process/manual-clock.ts';
import { FakeMachines } from './fake-machines.ts';

/** A local cloud of fake machines under a clock that tests move. */
export class LocalCloudFixture {
  readonly clock = new ManualClock();
  readonly machines = new FakeMachines();
  readonly directory = mkdtempSync(join(tmpdir(), 'cloud-'));
  readonly events: CloudEvent[] = [];
  readonly cloud: LocalCloud;

  constructor(options: Partial<LocalCloudOptions> = {}) {
    this.cloud = new LocalCloud({
      factory: this.machines,
      clock: this.clock,
      directory: this.directory,
      ...options,
    });
    this.cloud.on('event', (event) => this.events.push(event));
  }

  /** A group of this many running machines. */
  async running(count: number): Promise<this> {
    this.cloud.grow({ to: count, operationId: 'begin' });
    await this.until(
      `${count} running machines`,
      () => this.states().filter((state) => state === 'running').length === count,
    );
    return this;
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return this.clock.until(condition, what);
  }

  states(): string[] {
    return this.cloud.describe().members.map(({ state }) => state);
  }

  ids(): string[] {
    return this.cloud.describe().members.map(({ id }) => id);
  }

  /** As the agent of this machine has it. */
  noticeSource(nodeId: string): LocalNoticeSource {
    const spec = this.machines.specs.get(nodeId);
    if (!spec) throw new Error(`${nodeId} was never started`);
    return new LocalNoticeSource({
      socketPath: spec.metadataSocket,
      clock: this.clock,
      log: pino({ level: 'silent' }),
    });
  }

  async close(): Promise<void> {
    for (const each of [...this.machines.mediaNodes.values(), ...this.machines.agents.values()])
      each.signal('SIGKILL');
    await this.cloud.close();
    rmSync(this.directory, { recursive: true });
  }
}
