import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MediaPath, mediaPath } from '@holdfast/media-server/protocol/index.ts';
import { z } from 'zod';
import type { LocalPlatform } from '../../local/local-platform.ts';
import { extraGapMs, measureMove, readScreens, returnTimesMs } from '../../observe/measure.ts';
import type { OperatorApi } from '../../observe/operator-api.ts';
import { nowMs, waitUntilAllSeen } from '../../observe/participants.ts';
import type { CertificateFiles } from './certificate.ts';
import { ChromiumPeople } from './chromium-people.ts';
import type { ColumnResult } from './column-result.ts';
import { type Column, isExpected, PROXY_PORT } from './columns.ts';
import { FirefoxPeople } from './firefox-people.ts';
import { HelperProcess } from './helper-process.ts';
import type { Namespace } from './namespace.ts';
import { addresses, type Network, names } from './network.ts';
import type { People, Person } from './people.ts';

/** What all columns share. */
export interface Bed {
  readonly folder: string;
  readonly network: Network;
  readonly platform: LocalPlatform;
  readonly api: OperatorApi;
  readonly certificate: CertificateFiles;
}

const program = fileURLToPath(new URL('../../main.ts', import.meta.url));
const COLUMN_LIMIT_MS = 120_000;
const SEEN_LIMIT_MS = 40_000;
const SETTLED_LIMIT_MS = 6000;
const TOLD_LIMIT_MS = 8000;
const STEADY_MS = 4000;
const SETTLE_MS = 1500;
const EMPTY_LIMIT_MS = 40_000;

/** Lets two people meet in a network of this kind. Whatever goes wrong there is part of the result. */
export async function runColumn(
  bed: Bed,
  column: Column,
  outer: AbortSignal,
  say: (line: string) => void,
): Promise<ColumnResult> {
  const { id, title, path: expected } = column;
  const result: ColumnResult = {
    ...{
      id,
      title,
      expected,
      paths: [],
      told: {},
      checked: null,
      firstFrameMs: null,
      backMs: null,
      handover: null,
    },
    ...{ notes: [], failed: null },
  };
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`not finished within ${COLUMN_LIMIT_MS / 1000} s`)),
    COLUMN_LIMIT_MS,
  );
  const signal = AbortSignal.any([outer, limit.signal]);
  const undo: (() => Promise<void>)[] = [];
  try {
    const { client, missing } = await bed.network.plug(column);
    result.notes.push(...missing);
    const known = [
      `${names.server}=${addresses.server[column.family]}`,
      `${names.turn}=${addresses.turn[column.family]}`,
    ];
    const help = async (...program: Parameters<typeof HelperProcess.start>) => {
      const helper = await HelperProcess.start(...program);
      undo.push(() => helper.close());
    };
    await help(client, 'dns-main.ts', ...known);
    if (column.byName) await help(bed.network.router, 'sni-proxy-main.ts', String(PROXY_PORT), ...known);
    say('holdfast check');
    result.checked = await checkedPath(bed, client);
    say('opening the browser');
    const people = await openPeople(bed, column, client);
    undo.push(() => people.close());
    // Whoever still waits for a page is told at once.
    signal.addEventListener('abort', () => void people.close(), { once: true });
    await meet(bed, column, people, result, signal, say);
  } catch (error) {
    const cause: unknown = signal.aborted ? signal.reason : error;
    result.failed = cause instanceof Error ? cause.message : String(cause);
  } finally {
    clearTimeout(timer);
    for (const each of undo.reverse()) await each().catch(() => {});
  }
  await bed.api.waitForNodes(
    'the meeting ends',
    (nodes) => nodes.every(({ meetings }) => meetings.length === 0),
    { limitMs: 60_000, signal: outer },
  );
  return result;
}

async function checkedPath({ certificate }: Bed, client: Namespace): Promise<MediaPath | null> {
  const trust = `NODE_EXTRA_CA_CERTS=${certificate.certFile}`;
  const command = [process.execPath, program, 'check', `https://${names.server}`, '--json'];
  const answer = await client.run('env', trust, ...command);
  return z.object({ willUse: mediaPath.nullable() }).parse(JSON.parse(answer)).willUse;
}

function openPeople(bed: Bed, column: Column, client: Namespace): Promise<People> {
  const baseUrl = `https://${names.server}`;
  const { folder, platform, certificate } = bed;
  return column.browser === 'firefox'
    ? FirefoxPeople.open(client, { baseUrl, folder, onStarted: (pid) => platform.watch(pid) })
    : ChromiumPeople.open(client, { baseUrl, folder, spkiHash: certificate.spkiHash });
}

async function meet(
  bed: Bed,
  column: Column,
  people: People,
  result: ColumnResult,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const fromMs = nowMs();
  say('Ada joins, then Ben');
  const ada = await people.join(column.id, 'Ada');
  await untilAlone(ada, signal);
  const ben = await people.join(column.id, 'Ben');
  const both = [ada, ben];
  await waitUntilAllSeen(both, { steadyMs: 1500, limitMs: SEEN_LIMIT_MS, signal });
  result.firstFrameMs = await firstFrameMs(ben, fromMs);
  result.paths = await pathsOf(both, column, signal);
  if (column.moves) {
    say('the address changes');
    const changedAtMs = nowMs();
    await bed.network.moveClient();
    await delay(2500, undefined, { signal });
    await waitUntilAllSeen(both, { steadyMs: 1500, limitMs: SEEN_LIMIT_MS, signal });
    const times = returnTimesMs(await readScreens(both, changedAtMs - 1000), changedAtMs, nowMs());
    result.backMs = Math.round(Math.max(...times));
    result.paths = await pathsOf(both, column, signal);
  }
  result.told = await toldPaths(bed.api, column, signal);
  say('a handover');
  result.handover = await handOver(bed, column, both, signal);
}

/** Ada's picture must be there before Ben comes, or his waiting is hers. */
async function untilAlone(person: Person, signal: AbortSignal): Promise<void> {
  const deadlineMs = nowMs() + SEEN_LIMIT_MS;
  for (;;) {
    const legs = (await person.diagnostics())?.legs ?? [];
    if (legs.some(({ sendState }) => sendState === 'connected')) return;
    if (nowMs() > deadlineMs) {
      const said = person.errors.length > 0 ? ` The page said: ${person.errors.slice(0, 3).join(' | ')}` : '';
      throw new Error(`${person.name} does not get in within ${SEEN_LIMIT_MS / 1000} s.${said}`);
    }
    await delay(100, undefined, { signal });
  }
}

async function firstFrameMs(person: Person, fromMs: number): Promise<number | null> {
  const sinceMs = await person.signallingSinceMs();
  const shown = (await person.streams(fromMs)).flatMap(({ frames }) => frames[0]?.atMs ?? []);
  return sinceMs === undefined || shown.length === 0 ? null : Math.round(Math.min(...shown) - sinceMs);
}

/** The paths of both, once they are as expected; after a while whatever they are: a better one may still be found. */
async function pathsOf(
  people: readonly Person[],
  column: Column,
  signal: AbortSignal,
): Promise<(MediaPath | null)[]> {
  const deadlineMs = nowMs() + SETTLED_LIMIT_MS;
  for (;;) {
    const paths = await Promise.all(
      people.map(async (person) => {
        const legs = (await person.diagnostics())?.legs ?? [];
        return legs.find(({ current }) => current)?.path ?? null;
      }),
    );
    if (paths.every((path) => isExpected(column, path)) || nowMs() > deadlineMs) return paths;
    await delay(200, undefined, { signal });
  }
}

/** Browsers tell every few seconds. */
async function toldPaths(
  api: OperatorApi,
  column: Column,
  signal: AbortSignal,
): Promise<ColumnResult['told']> {
  const deadlineMs = nowMs() + TOLD_LIMIT_MS;
  for (;;) {
    const told = (await api.meetings()).find(({ meetingId }) => meetingId === column.id)?.paths ?? {};
    const expected = (told[column.path] ?? 0) + (column.orPath ? (told[column.orPath] ?? 0) : 0);
    if (expected === 2 || nowMs() > deadlineMs) return told;
    await delay(200, undefined, { signal });
  }
}

async function handOver(
  { api }: Bed,
  column: Column,
  both: readonly Person[],
  signal: AbortSignal,
): Promise<ColumnResult['handover']> {
  const meetings = await api.meetings();
  const home = meetings.find(({ meetingId }) => meetingId === column.id)?.nodeId;
  if (!home) throw new Error('the meeting has no home');
  const steadyFromMs = nowMs();
  await delay(STEADY_MS, undefined, { signal });
  const steady = { fromMs: steadyFromMs, toMs: nowMs() };
  const fromMs = nowMs();
  await api.drain(home, 'bench');
  try {
    await api.waitForNodes(
      `${home} is drained`,
      (nodes) => nodes.find(({ nodeId }) => nodeId === home)?.drain.state === 'drained',
      { limitMs: EMPTY_LIMIT_MS, signal },
    );
    const emptyMs = Math.round(nowMs() - fromMs);
    await delay(Math.max(SETTLE_MS, STEADY_MS - emptyMs), undefined, { signal });
    const move = { fromMs, toMs: nowMs() };
    const screens = await readScreens(both, steady.fromMs - 1000);
    const measured = measureMove(screens, new Set([column.id]), steady, move).filter(
      ({ kind }) => kind === 'video',
    );
    return {
      steadyGapMs: Math.max(...measured.map(({ steadyMaxGapMs }) => steadyMaxGapMs ?? 0)),
      extraGapMs: Math.round(Math.max(...measured.map(extraGapMs))),
      freezes: measured.reduce((sum, { freezes }) => sum + freezes, 0),
      emptyMs,
      paths: await pathsOf(both, column, signal),
    };
  } finally {
    await api.cancelDrain(home);
  }
}
