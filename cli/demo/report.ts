import { z } from 'zod';
import { type Distribution, distribution } from '../observe/gaps.ts';
import { extraGapMs } from '../observe/measure.ts';
import { table } from '../observe/table.ts';

/** What `holdfast demo --json` prints. Times in ms; null: not measured for this kind. */
export const demoReport = z.object({
  ok: z.boolean(),
  participants: z.int(),
  meetings: z.int(),
  /** From the autoscaler's order until the node held no meeting any more. */
  evacuationMs: z.number(),
  /** From the same order until the cloud had ended the process. */
  releasedMs: z.number(),
  streams: z.array(
    z.object({
      meeting: z.string(),
      from: z.string(),
      to: z.string(),
      kind: z.enum(['video', 'audio']),
      steadyMaxGapMs: z.number().nullable(),
      handoverMaxGapMs: z.number().nullable(),
      freezes: z.int(),
      concealedMs: z.number().nullable(),
    }),
  ),
  lost: z.object({ participants: z.int(), streams: z.int() }),
  recovery: z.object({
    killedToMediaMs: z.object({ p50: z.number().nullable(), max: z.number().nullable() }),
    participants: z.int(),
    /** Participants who were gone afterwards, or missed a picture or a sound. */
    lost: z.int(),
  }),
  /** What the autoscaler did, the oldest first. */
  scaling: z.array(
    z.object({
      /** ISO 8601. */
      at: z.iso.datetime(),
      action: z.string(),
      node: z.string().nullable(),
      reason: z.string(),
    }),
  ),
});
export type DemoReport = z.output<typeof demoReport>;

const ms = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`);
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
const spread = ({ p50, p95, max }: Distribution) => `${ms(p50)} / ${ms(p95)} / ${ms(max)}`;

const actionWords = (action: string, node: string | null) =>
  [action === 'grow' ? 'launch' : action, ...(node === null ? [] : [node])].join(' ');

/** The report for people. */
export function renderReport(report: DemoReport, details: readonly string[]): string {
  const video = report.streams.filter(({ kind }) => kind === 'video');
  const audio = report.streams.filter(({ kind }) => kind === 'audio');
  const extra = video.map(extraGapMs);
  const moved = new Set(video.map(({ meeting }) => meeting)).size;
  const people = new Set(video.flatMap(({ from, to }) => [from, to])).size;
  const concealed = audio.flatMap(({ concealedMs }) => (concealedMs === null ? [] : [concealedMs]));
  const freezes = video.reduce((sum, stream) => sum + stream.freezes, 0);
  const rows = video.map((stream) => {
    const sound = audio.find(({ from, to }) => from === stream.from && to === stream.to);
    return [
      stream.meeting,
      `${stream.from} → ${stream.to}`,
      ms(stream.steadyMaxGapMs),
      ms(stream.handoverMaxGapMs),
      String(stream.freezes),
      ms(sound?.concealedMs ?? null),
    ];
  });
  const lines = [
    '',
    'The autoscaler',
    ...report.scaling.map(
      ({ at, action, node, reason }) => `  ${at.slice(11, 19)}  ${actionWords(action, node)}: ${reason}`,
    ),
    '',
    'A node was emptied and given back while people were talking',
    `  moved                 ${moved} meetings with ${people} people, in ${seconds(report.evacuationMs)}`,
    `  node given back       ${seconds(report.releasedMs)} after the decision, empty`,
    `  extra gap at screen   ${spread(distribution(extra))}   (p50 / p95 / max; the largest gap of the move less the stream's own steady one)`,
    `  frozen pictures       ${freezes}`,
    `  sound concealed       ${spread(distribution(concealed))}   (p50 / p95 / max, after the switch)`,
    '',
    ...table(['meeting', 'picture', 'steady gap', 'gap in the move', 'freezes', 'sound concealed'], rows),
    '',
    'The other node was killed without a word',
    `  picture back          ${ms(report.recovery.killedToMediaMs.p50)} p50, ${ms(report.recovery.killedToMediaMs.max)} at worst, after the kill`,
    `  people                ${report.recovery.participants}, lost ${report.recovery.lost}`,
    '',
    ...details.map((detail) => `  ! ${detail}`),
    report.ok
      ? 'Nothing was lost.'
      : `Lost: ${report.lost.participants} participants and ${report.lost.streams} streams in the move, ${report.recovery.lost} participants who lost something in the recovery.`,
  ];
  return `${lines.join('\n')}\n`;
}
