import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { LocalPlatform } from '../local/local-platform.ts';
import { type Distribution, distribution, originOf } from '../observe/gaps.ts';
import { extraGapMs, type MeasuredStream, measureMove } from '../observe/measure.ts';
import { CpuWatch, treeUsage } from '../observe/process-tree.ts';
import { onPlatform, type Say } from './on-platform.ts';

export interface HandoverBenchOptions {
  readonly participants: number;
  readonly meetings: number;
  /** Each round moves every meeting once. */
  readonly rounds: number;
}

export interface HandoverNumbers extends HandoverBenchOptions {
  readonly handovers: number;
  readonly streams: number;
  readonly steadyGapMs: Distribution;
  readonly handoverGapMs: Distribution;
  /** The largest gap of the move less the stream's own steady one. */
  readonly extraGapMs: Distribution;
  readonly freezes: number;
  readonly concealedMs: Distribution;
  /** From the drain until the node held no meeting. */
  readonly emptyMs: Distribution;
  readonly lost: { readonly participants: number; readonly streams: number };
  /** Cores that everything together used: browsers, nodes, control plane. */
  readonly cores: { readonly steady: Distribution; readonly move: Distribution };
  /** The worst gaps, and where they came from. */
  readonly worst: readonly string[];
}

/** Moves all meetings from the busiest node by an operator's drain, round after round. */
export async function benchHandovers(
  browser: Browser,
  options: HandoverBenchOptions,
  signal: AbortSignal,
  say: Say,
): Promise<HandoverNumbers> {
  return onPlatform(browser, options, signal, say, async (gathering) => {
    const streams: MeasuredStream[] = [];
    const emptyTimes: number[] = [];
    const cores = { steady: [] as number[], move: [] as number[] };
    const lost = { participants: 0, streams: 0 };
    let handovers = 0;
    for (let round = 1; round <= options.rounds; round += 1) {
      const cpu = new CpuWatch();
      const steady = await gathering.steady();
      pushKnown(cores.steady, cpu.lap());
      const { node, fromMs, emptyMs } = await gathering.empty();
      emptyTimes.push(emptyMs);
      pushKnown(cores.move, cpu.lap());
      const move = await gathering.settle(fromMs);
      const screens = await gathering.screens(steady.fromMs - 1000);
      const losses = await gathering.losses();
      lost.participants += losses.participants;
      lost.streams += losses.streams;
      const moved = new Set(node.meetings.map(({ meetingId }) => meetingId));
      streams.push(...measureMove(screens, moved, steady, move));
      handovers += node.meetings.length;
      await gathering.refill();
      say(
        `round ${round} of ${options.rounds}: ${node.meetings.length} meetings moved in ${Math.round(emptyMs)} ms`,
      );
    }
    return summarise(options, { streams, emptyMs: emptyTimes, cores, lost, handovers });
  });
}

function summarise(
  options: HandoverBenchOptions,
  raw: {
    streams: readonly MeasuredStream[];
    emptyMs: readonly number[];
    cores: { steady: readonly number[]; move: readonly number[] };
    lost: { participants: number; streams: number };
    handovers: number;
  },
): HandoverNumbers {
  const video = raw.streams.filter(({ kind }) => kind === 'video');
  const worst = video
    .toSorted((a, b) => extraGapMs(b) - extraGapMs(a))
    .slice(0, 3)
    .map(
      ({ from, to, worst: gap, ...stream }) =>
        `${from} → ${to}: ${stream.steadyMaxGapMs} → ${stream.handoverMaxGapMs} ms (${originOf(gap)})`,
    );
  return {
    ...options,
    handovers: raw.handovers,
    streams: video.length,
    steadyGapMs: distribution(video.map(({ steadyMaxGapMs }) => steadyMaxGapMs ?? 0)),
    handoverGapMs: distribution(video.map(({ handoverMaxGapMs }) => handoverMaxGapMs ?? 0)),
    extraGapMs: distribution(video.map(extraGapMs)),
    freezes: video.reduce((sum, { freezes }) => sum + freezes, 0),
    concealedMs: distribution(
      raw.streams.flatMap(({ kind, concealedMs }) =>
        kind === 'audio' && concealedMs !== null ? [concealedMs] : [],
      ),
    ),
    emptyMs: distribution(raw.emptyMs.map((ms) => Math.round(ms))),
    lost: raw.lost,
    cores: { steady: distribution(raw.cores.steady), move: distribution(raw.cores.move) },
    worst,
  };
}

export interface RecoveryNumbers {
  readonly participants: number;
  readonly kills: number;
  readonly killedToMediaMs: Distribution;
  readonly lost: { readonly participants: number; readonly streams: number };
}

/** Kills the node under one meeting, again and again; the local cloud replaces it each time. */
export async function benchRecoveries(
  browser: Browser,
  options: { readonly participants: number; readonly kills: number },
  signal: AbortSignal,
  say: Say,
): Promise<RecoveryNumbers> {
  return onPlatform(
    browser,
    { participants: options.participants, meetings: 1 },
    signal,
    say,
    async (gathering) => {
      const times: number[] = [];
      const lost = { participants: 0, streams: 0 };
      for (let kill = 1; kill <= options.kills; kill += 1) {
        await gathering.nodesReady(2);
        await gathering.steady();
        const { timesMs, losses } = await gathering.kill();
        times.push(...timesMs);
        lost.participants += losses.participants;
        lost.streams += losses.streams;
        say(`kill ${kill} of ${options.kills}: pictures back within ${Math.round(Math.max(...timesMs))} ms`);
      }
      return {
        ...options,
        killedToMediaMs: distribution(times.map((ms) => Math.round(ms))),
        lost,
      };
    },
  );
}

export interface IdleNumbers {
  /** The media node process with its mediasoup workers, MB (10^6 bytes), a few seconds after the start. */
  readonly nodeRssMb: Distribution;
}

export async function benchIdle(signal: AbortSignal): Promise<IdleNumbers> {
  const platform = await LocalPlatform.start({ nodes: 2, port: 0, signal });
  try {
    await delay(5000, undefined, { signal });
    const { members } = platform.cloud.describe();
    const rss = members.flatMap(({ id }) => {
      const pid = platform.cloud.pids(id).server;
      const usage = pid === undefined ? undefined : treeUsage(pid);
      return usage ? [usage.rssBytes / 1e6] : [];
    });
    return { nodeRssMb: distribution(rss.map((mb) => Math.round(mb))) };
  } finally {
    await platform.close();
  }
}

function pushKnown(list: number[], value: number | null): void {
  if (value !== null) list.push(Number(value.toFixed(2)));
}
