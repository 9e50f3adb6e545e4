import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentMetrics } from '@holdfast/lifecycle-hooks/agent/agent-metrics.ts';
import { DrainAgent } from '@holdfast/lifecycle-hooks/agent/drain-agent.ts';
import { SocketNodeClient } from '@holdfast/lifecycle-hooks/agent/node-client.ts';
import { pino } from 'pino';
import { FakeNode } from '../../agent/fake-node.ts';
import { AwsMachine, type AwsMachineOptions } from './aws-machine.ts';

/** A machine of the fake with its drain agent and a media node, all of them ours but the node. */
export class AwsAgent {
  readonly machine: AwsMachine;
  readonly node: FakeNode;
  readonly metrics = new AgentMetrics();
  readonly #directory: string;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #agent: DrainAgent | undefined;

  private constructor(machine: AwsMachine, directory: string) {
    this.machine = machine;
    this.#directory = directory;
    this.node = new FakeNode(join(directory, 'drain'));
  }

  /** `node`: whether the media node has come up. */
  static async of({ node = true, ...options }: AwsMachineOptions & { readonly node?: boolean } = {}) {
    return AwsAgent.on(await AwsMachine.of(options), node);
  }

  static async on(machine: AwsMachine, node = true): Promise<AwsAgent> {
    const agent = new AwsAgent(machine, mkdtempSync(join(tmpdir(), 'aws-agent-')));
    await agent.node.start();
    if (!node) await agent.node.crash();
    agent.start();
    return agent;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#agent = new DrainAgent({
      source: this.machine.source(),
      node: new SocketNodeClient({
        nodeId: 'node-1',
        socketPath: this.node.socketPath,
        healthUrl: this.node.healthUrl,
      }),
      clock: this.machine.fleet.clock,
      log: pino({ level: 'silent' }),
      metrics: this.metrics,
    });
    this.#running = this.#agent.run(this.#stop.signal);
  }

  /** As a kill would end it; it keeps nothing but what is in its file. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get phase(): string {
    return this.#agent?.plan.phase ?? 'none';
  }

  /** What a metric says. */
  async metric(name: string): Promise<number> {
    const line = (await this.metrics.render()).body
      .split('\n')
      .find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(line.lastIndexOf(' ')));
  }

  async close(): Promise<void> {
    await this.stop();
    await this.node.crash();
    await this.machine.close();
    rmSync(this.#directory, { recursive: true });
  }
}
