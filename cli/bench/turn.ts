import { setTimeout as delay } from 'node:timers/promises';
import type { NodeView } from '@holdfast/media-server/protocol/index.ts';
import type { Browser } from 'playwright-core';
import { LocalPlatform } from '../local/local-platform.ts';
import {
  type Distribution,
  distribution,
  FREEZE_MS,
  freezesIn,
  largestGap,
  type Window,
} from '../observe/gaps.ts';
import { Gathering } from '../observe/gathering.ts';
import { extraGapMs, measureMove, pairsOf } from '../observe/measure.ts';
import { nowMs } from '../observe/participants.ts';
import { childPids } from '../observe/process-tree.ts';
import { table } from '../observe/table.ts';
import type { Say } from './on-platform.ts';
import { relayOnlyScript, relayPorts } from './relay-only.ts';
import type { Judged } from './single-bench.ts';
import { number, type Target, target, targetTable, verdict } from './targets.ts';

export interface TurnOptions {
  readonly participants: number;
  /** TURN servers drained, one after the other. */
  readonly drains: number;
  /** TURN servers killed: the machine, and coturn alone, in turn. */
  readonly kills: number;
}

export interface DrainRound {
  /** For each picture, beside its own steady gap, ms. */
  readonly extraGapsMs: readonly number[];
  readonly freezes: number;
  /** Until nobody was relayed by it any more; until its last allocation was given back; ms. */
  readonly leftMs: number;
  readonly emptyMs: number;
  readonly lost: number;
}

export interface KillRound {
  readonly what: 'machine' | 'coturn';
  /** For each picture: until it ran again, ms; one that never stood still counts with its longest gap. */
  readonly returnsMs: readonly number[];
  readonly lost: number;
}

export interface TurnNumbers extends TurnOptions {
  readonly drained: readonly DrainRound[];
  readonly killed: readonly KillRound[];
  readonly extraGapMs: Distribution;
  /** Relayed to and from people, as the servers count it, bytes. */
  readonly relayedBytes: number;
}

const TURN_SERVERS = 3;
const LEFT_LIMIT_MS = 10_000;
/** Browsers give an allocation back more than a minute after its last use. */
const EMPTY_LIMIT_MS = 120_000;
const KILL_WINDOW_MS = 8000;

/** Everybody's media is relayed, whatever else the network would allow; TURN servers are drained and killed under it. */
export async function benchTurn(
  browser: Browser,
  options: TurnOptions,
  signal: AbortSignal,
  say: Say,
): Promise<TurnNumbers> {
  const platform = await LocalPlatform.start({
    nodes: 1,
    turnServers: TURN_SERVERS,
    port: 0,
    signal,
    cloud: { replaceFailedAfterMs: 3000 },
  });
  try {
    if (platform.lacksCoturn) throw new Error('coturn is not installed: apt-get install coturn');
    const bench = new TurnBench(platform, browser, options, signal, say);
    return await bench.run();
  } finally {
    await platform.close();
  }
}

class TurnBench {
  readonly #platform: LocalPlatform;
  readonly #gathering: Gathering;
  readonly #options: TurnOptions;
  readonly #signal: AbortSignal;
  readonly #say: Say;

  constructor(
    platform: LocalPlatform,
    browser: Browser,
    options: TurnOptions,
    signal: AbortSignal,
    say: Say,
  ) {
    this.#platform = platform;
    this.#options = options;
    this.#signal = signal;
    this.#say = say;
    const { participants } = options;
    this.#gathering = new Gathering(platform, browser, {
      participants,
      meetings: 1,
      prepare: relayOnlyScript,
      signal,
    });
  }

  async run(): Promise<TurnNumbers> {
    await this.#serversReady();
    await this.#gathering.join(this.#say);
    try {
      const drained: DrainRound[] = [];
      for (let round = 1; round <= this.#options.drains; round += 1) {
        this.#say(`drain ${round} of ${this.#options.drains}`);
        drained.push(await this.#drain());
      }
      const killed: KillRound[] = [];
      for (let round = 1; round <= this.#options.kills; round += 1) {
        this.#say(`kill ${round} of ${this.#options.kills}`);
        killed.push(await this.#kill(round % 2 === 1 ? 'machine' : 'coturn'));
      }
      const relays = (await this.#servers()).flatMap(({ relay }) => relay ?? []);
      return {
        ...this.#options,
        drained,
        killed,
        extraGapMs: distribution(drained.flatMap(({ extraGapsMs }) => extraGapsMs)),
        relayedBytes: relays.reduce((sum, each) => sum + each.toClientsBytes + each.fromClientsBytes, 0),
      };
    } finally {
      await this.#gathering.leave();
    }
  }

  async #drain(): Promise<DrainRound> {
    const gathering = this.#gathering;
    const steady = await gathering.steady();
    const { nodeId, port } = await this.#busiest();
    const fromMs = nowMs();
    await gathering.api.drain(nodeId, 'bench');
    const leftMs = await this.#left(port, fromMs);
    const move = await gathering.settle(fromMs);
    const screens = await gathering.screens(steady.fromMs - 1000);
    const { extraGapsMs, freezes } = extraGapsOf(screens, steady, move);
    const { affected } = await gathering.losses();
    this.#say(`${nodeId}: left after ${Math.round(leftMs)} ms; waiting until it is empty`);
    await gathering.api.waitForNodes(
      `${nodeId} is drained`,
      (nodes) => nodes.find((node) => node.nodeId === nodeId)?.drain.state === 'drained',
      { limitMs: EMPTY_LIMIT_MS, signal: this.#signal },
    );
    const emptyMs = nowMs() - fromMs;
    await gathering.api.cancelDrain(nodeId);
    await this.#serversReady();
    return { extraGapsMs, freezes, leftMs, emptyMs, lost: affected };
  }

  async #kill(what: KillRound['what']): Promise<KillRound> {
    const gathering = this.#gathering;
    await gathering.steady();
    const { nodeId } = await this.#busiest();
    const { server } = this.#platform.turnCloud.pids(nodeId);
    const [coturn] = server === undefined ? [] : childPids(server, 'turnserver');
    const killedAtMs = nowMs();
    if (what === 'machine') await this.#platform.turnCloud.kill(nodeId);
    else if (coturn === undefined) throw new Error(`the coturn of ${nodeId} was not found`);
    else process.kill(coturn, 'SIGKILL');
    await delay(KILL_WINDOW_MS, undefined, { signal: this.#signal });
    // Before the pages are read, which takes its time.
    const window = { fromMs: killedAtMs, toMs: nowMs() };
    const returnsMs = returnsOf(await gathering.screens(killedAtMs - 2000), window);
    const { affected } = await gathering.losses();
    await this.#serversReady();
    return { what, returnsMs, lost: affected };
  }

  async #servers(): Promise<NodeView[]> {
    return (await this.#gathering.api.nodes()).filter(({ role }) => role === 'turn');
  }

  #serversReady(): Promise<unknown> {
    return this.#gathering.api.waitForNodes(
      `${TURN_SERVERS} TURN servers relay`,
      (nodes) =>
        nodes.filter(
          ({ reachable, drain, relay }) => reachable && drain.state === 'active' && relay?.healthy === true,
        ).length >= TURN_SERVERS,
      { limitMs: 60_000, signal: this.#signal },
    );
  }

  /** The TURN server that relays the most connections. */
  async #busiest(): Promise<{ nodeId: string; port: number }> {
    const ports = await this.#ports();
    const servers = (await this.#servers()).flatMap(({ nodeId, turnUrls = [], reachable, drain }) => {
      const port = Number(/:(\d+)(\?|$)/.exec(turnUrls[0] ?? '')?.[1]);
      return reachable && drain.state === 'active' ? [{ nodeId, port }] : [];
    });
    const relays = (port: number) => ports.filter((each) => each === port).length;
    const [busiest] = servers.toSorted((a, b) => relays(b.port) - relays(a.port));
    if (!busiest || relays(busiest.port) === 0) throw new Error('nobody is relayed');
    return busiest;
  }

  async #ports(): Promise<number[]> {
    return (await Promise.all(this.#gathering.people.map(({ page }) => relayPorts(page)))).flat();
  }

  /** Resolves with how long it took until nobody was relayed at this port any more, ms. */
  async #left(port: number, fromMs: number): Promise<number> {
    while ((await this.#ports()).includes(port)) {
      if (nowMs() - fromMs > LEFT_LIMIT_MS) throw new Error(`people stay at the TURN server at port ${port}`);
      await delay(50, undefined, { signal: this.#signal });
    }
    return nowMs() - fromMs;
  }
}

function extraGapsOf(screens: Parameters<typeof measureMove>[0], steady: Window, move: Window) {
  const meetings = new Set(screens.map(({ viewer }) => viewer.meeting));
  const pictures = measureMove(screens, meetings, steady, move).filter(({ kind }) => kind === 'video');
  let freezes = 0;
  for (const { frames } of pairsOf(screens)) freezes += freezesIn(frames, move);
  return { extraGapsMs: pictures.map((picture) => Math.round(extraGapMs(picture))), freezes };
}

/** A picture that never stood still was relayed by another server: its longest gap may be anywhere. */
function returnsOf(screens: Parameters<typeof measureMove>[0], window: Window): number[] {
  return [...pairsOf(screens)].map(({ frames }) => {
    const { lengthMs, endedAtMs } = largestGap(frames, window);
    if (endedAtMs >= window.toMs && lengthMs > FREEZE_MS) return Number.POSITIVE_INFINITY;
    return lengthMs > FREEZE_MS ? endedAtMs - window.fromMs : lengthMs;
  });
}

export function judgeTurn({ drained, killed, extraGapMs: extra }: TurnNumbers): Target[] {
  const returns = killed.flatMap(({ returnsMs }) => returnsMs);
  const lost = [...drained, ...killed].reduce((sum, round) => sum + round.lost, 0);
  return [
    target('drain: extra gap p95, ms', extra.p95, 100),
    target('kill: picture back after at most, ms', distribution(returns).max, 3000),
    target('participants lost', lost, 0),
  ];
}

export function renderTurn(bench: Judged<TurnNumbers>): string {
  const { machine, participants, drained, killed, extraGapMs: extra, relayedBytes, targets } = bench;
  return [
    '',
    `${machine.cores} cores (${machine.model}), Node ${machine.node}; ${participants} people, all relayed, by ${TURN_SERVERS} TURN servers`,
    `extra gap in ${drained.length} drains, ${extra.count} pictures: p50 ${number(extra.p50)}, p95 ${number(extra.p95)}, max ${number(extra.max)} ms; relayed ${Math.round(relayedBytes / 1e6)} MB`,
    '',
    ...table(
      ['drain', 'left after, ms', 'empty after, ms', 'extra gaps, ms', `gaps over ${FREEZE_MS} ms`, 'lost'],
      drained.map(({ leftMs, emptyMs, extraGapsMs, freezes, lost }, index) => [
        String(index + 1),
        number(Math.round(leftMs)),
        number(Math.round(emptyMs)),
        extraGapsMs.join(' '),
        String(freezes),
        String(lost),
      ]),
    ),
    '',
    ...table(
      ['killed', 'pictures back after, ms', 'lost'],
      killed.map(({ what, returnsMs, lost }) => [
        what,
        returnsMs.map((ms) => number(Math.round(ms))).join(' '),
        String(lost),
      ]),
    ),
    '',
    ...targetTable(targets),
    '',
    verdict(targets),
    '',
  ].join('\n');
}
