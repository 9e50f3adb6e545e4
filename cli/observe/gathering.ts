import { setTimeout as delay } from 'node:timers/promises';
import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import type { Browser } from 'playwright-core';
import type { LocalPlatform } from '../local/local-platform.ts';
import type { Window } from './gaps.ts';
import { type Losses, lossesIn, readScreens, returnTimesMs, type Screens } from './measure.ts';
import { OperatorApi } from './operator-api.ts';
import { nowMs, ObservedParticipant, waitUntilAllSeen, whoIsNotSeen } from './participants.ts';

/** Frames are compared over windows of this length before a move, ms. */
export const STEADY_MS = 4000;
/**
 * A picture or a sound counts as running when something of it came within this time, ms. One for both: else, while nothing
 * comes for a moment, it would look as if only the sound were missing. Silence is sent as one packet in 400 ms.
 */
const RUNNING_MS = 1500;
const JOIN_LIMIT_MS = 60_000;
const EMPTY_LIMIT_MS = 60_000;
const RECOVERY_LIMIT_MS = 20_000;
/** Long enough after a switch for the sound's counters to settle, ms. */
const SETTLE_MS = 1500;

const names = [
  'Ada',
  'Ben',
  'Cleo',
  'Dan',
  'Edith',
  'Finn',
  'Greta',
  'Hugo',
  'Iris',
  'Jonas',
  'Klara',
  'Leo',
];
const nameOf = (index: number) => {
  const round = Math.floor(index / names.length);
  return `${names[index % names.length] ?? 'Guest'}${round === 0 ? '' : ` ${round + 1}`}`;
};

export interface GatheringOptions {
  readonly participants: number;
  readonly meetings: number;
  /** A script that runs in each page before its own. */
  readonly prepare?: string;
  readonly signal: AbortSignal;
}

export interface Recovery {
  readonly node: NodeView;
  /** For each picture: from the kill until it ran again, ms; Infinity: never. */
  readonly timesMs: readonly number[];
  readonly losses: Losses;
}

/** People in meetings on a local platform, and what happens to them. */
export class Gathering {
  readonly platform: LocalPlatform;
  readonly api: OperatorApi;
  readonly people: ObservedParticipant[] = [];
  readonly #browser: Browser;
  readonly #options: GatheringOptions;

  constructor(platform: LocalPlatform, browser: Browser, options: GatheringOptions) {
    this.platform = platform;
    this.api = new OperatorApi(platform.baseUrl, platform.operatorToken);
    this.#browser = browser;
    this.#options = options;
  }

  /** Everybody joins, dealt out evenly over the meetings, and waits until all see each other. */
  async join(progress: (line: string) => void = () => {}): Promise<void> {
    const { participants, meetings, prepare, signal } = this.#options;
    for (let index = 0; index < participants; index += 1) {
      signal.throwIfAborted();
      const name = nameOf(index);
      progress(`${name} joins`);
      const meeting = `meeting-${(index % meetings) + 1}`;
      this.people.push(
        await ObservedParticipant.join(this.#browser, this.platform.baseUrl, meeting, name, prepare),
      );
    }
    progress('waiting until everybody sees everybody');
    await waitUntilAllSeen(this.people, { steadyMs: 2000, limitMs: JOIN_LIMIT_MS, signal });
  }

  async leave(): Promise<void> {
    await Promise.all(this.people.splice(0).map((person) => person.leave()));
  }

  /** The node that holds the most meetings. */
  async busiestNode(): Promise<NodeView> {
    const nodes = (await this.api.nodes()).filter(({ reachable }) => reachable);
    const [busiest] = nodes.toSorted((a, b) => b.meetings.length - a.meetings.length);
    if (!busiest || busiest.meetings.length === 0) throw new Error('no node holds a meeting');
    return busiest;
  }

  /** Watches undisturbed meetings for a while. */
  async steady(): Promise<Window> {
    const fromMs = nowMs();
    await delay(STEADY_MS, undefined, { signal: this.#options.signal });
    return { fromMs, toMs: nowMs() };
  }

  /** Waits until a move that began at `fromMs` can be judged over a window as long as the steady one. */
  async settle(fromMs: number): Promise<Window> {
    await delay(Math.max(SETTLE_MS, STEADY_MS - (nowMs() - fromMs)), undefined, {
      signal: this.#options.signal,
    });
    return { fromMs, toMs: nowMs() };
  }

  screens(sinceMs: number): Promise<Screens> {
    return readScreens(this.people, sinceMs);
  }

  /** Who and what does not run any more: looks twice, a little apart. */
  async losses(): Promise<Losses> {
    const before = await this.screens(nowMs());
    await delay(RUNNING_MS, undefined, { signal: this.#options.signal });
    const atMs = nowMs();
    return lossesIn(before, await this.screens(atMs - RUNNING_MS), atMs, RUNNING_MS);
  }

  /** Waits until at least `count` nodes take meetings. */
  async nodesReady(count: number): Promise<void> {
    await this.api.waitForNodes(
      `${count} nodes take meetings`,
      (nodes) =>
        nodes.filter(({ reachable, drain }) => reachable && drain.state === 'active').length >= count,
      { limitMs: 30_000, signal: this.#options.signal },
    );
  }

  /** Drains the busiest node. Resolves when it holds no meeting, with how long that took. */
  async empty(): Promise<{ readonly node: NodeView; readonly fromMs: number; readonly emptyMs: number }> {
    const node = await this.busiestNode();
    const fromMs = nowMs();
    await this.api.drain(node.nodeId, 'bench');
    await this.api.waitForNodes(
      `${node.nodeId} is drained`,
      (nodes) => nodes.find(({ nodeId }) => nodeId === node.nodeId)?.drain.state === 'drained',
      { limitMs: EMPTY_LIMIT_MS, signal: this.#options.signal },
    );
    return { node, fromMs, emptyMs: nowMs() - fromMs };
  }

  /** Waits until everybody is away from this node, with a leg that can carry media, and with no other. */
  async left(nodeId: string): Promise<void> {
    const deadlineMs = nowMs() + JOIN_LIMIT_MS;
    for (;;) {
      this.#options.signal.throwIfAborted();
      const behind: string[] = [];
      for (const { name, diagnostics } of await this.#diagnostics()) {
        const arrived =
          diagnostics?.state === 'connected' && diagnostics.legs.every((leg) => leg.nodeId !== nodeId);
        if (!arrived) behind.push(`${name} (${diagnostics?.state ?? 'not in the meeting'})`);
      }
      if (behind.length === 0) return;
      if (nowMs() > deadlineMs) throw new Error(`not brought over from ${nodeId}: ${behind.join(', ')}`);
      await delay(100);
    }
  }

  #diagnostics() {
    return Promise.all(
      this.people.map(async (person) => ({ name: person.name, diagnostics: await person.diagnostics() })),
    );
  }

  /** Ends every drain and waits until all nodes take meetings again. */
  async refill(): Promise<void> {
    const nodes = (await this.api.nodes()).filter(({ reachable }) => reachable);
    for (const { nodeId, drain } of nodes) {
      if (drain.state !== 'active') await this.api.cancelDrain(nodeId);
    }
    await this.nodesReady(nodes.length);
  }

  /** SIGKILL for the busiest node: no notice, no goodbye. Resolves when every picture runs again, or the time is over. */
  async kill(): Promise<Recovery> {
    const { signal } = this.#options;
    const node = await this.busiestNode();
    const killedAtMs = nowMs();
    await this.platform.cloud.kill(node.nodeId);
    await delay(2500, undefined, { signal });
    while ((await whoIsNotSeen(this.people, 1000)).length > 0 && nowMs() - killedAtMs < RECOVERY_LIMIT_MS) {
      await delay(200, undefined, { signal });
    }
    const untilMs = nowMs();
    const screens = await this.screens(killedAtMs - 2000);
    return { node, timesMs: returnTimesMs(screens, killedAtMs, untilMs), losses: await this.losses() };
  }
}
