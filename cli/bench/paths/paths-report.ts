import { mediaPath } from '@holdfast/media-server/protocol/index.ts';
import { table } from '../../observe/table.ts';
import { number, type Target, target, targetTable, verdict } from '../targets.ts';
import type { ColumnResult } from './column-result.ts';
import { columnNamed, isExpected } from './columns.ts';

/** A number that is none counts as missed: `target` takes null for "not measured". */
const NEVER = Number.POSITIVE_INFINITY;

/** What a handover may add to a stream's own longest gap, ms; as in `bench handover`. */
const EXTRA_GAP_MS = 150;

export function judgePaths(results: readonly ColumnResult[]): Target[] {
  return results.flatMap((result) => {
    const { title, firstFrameMs, handover, failed, expected } = result;
    const column = columnNamed(result.id) ?? { path: expected };
    const seen = [...result.paths, ...(handover?.paths ?? [])];
    const astray = seen.filter((path) => !isExpected(column, path)).length;
    const told = mediaPath.options.filter((path) => isExpected(column, path));
    const untold = told.reduce((left, path) => left - (result.told[path] ?? 0), 2);
    const within = columnNamed(result.id)?.firstFrameWithinMs;
    return [
      target(`${title}: not measured to the end`, failed === null ? 0 : 1, 0),
      target(`${title}: legs by another path than ${expected}`, seen.length === 0 ? NEVER : astray, 0),
      target(`${title}: holdfast check names another path`, result.checked === expected ? 0 : 1, 0),
      target(`${title}: people whose path operators are not told`, untold, 0),
      ...(within === undefined ? [] : [target(`${title}: first picture, ms`, firstFrameMs ?? NEVER, within)]),
      target(`${title}: extra gap of the handover, ms`, handover?.extraGapMs ?? NEVER, EXTRA_GAP_MS),
    ];
  });
}

export function renderPaths({
  results,
  targets,
}: {
  readonly results: readonly ColumnResult[];
  readonly targets: readonly Target[];
}): string {
  const rows = results.map(({ title, paths, firstFrameMs, backMs, handover, failed }) => [
    title,
    failed === null ? 'yes' : 'NO',
    [...new Set(paths.map((path) => path ?? 'none'))].join(', ') || '–',
    number(firstFrameMs),
    number(handover?.extraGapMs ?? null),
    number(handover?.freezes ?? null),
    number(handover?.emptyMs ?? null),
    number(backMs),
  ]);
  const head = ['network', 'works', 'path', 'first picture, ms', 'handover: extra gap, ms'];
  const remarks = results.flatMap(({ title, notes, failed }) => [
    ...notes.map((note) => `  ${title}: ${note}`),
    ...(failed === null ? [] : [`  ${title}: ${failed}`]),
  ]);
  return [
    '',
    ...table([...head, 'freezes', 'node empty, ms', 'picture back, ms'], rows),
    '',
    ...remarks,
    ...(remarks.length > 0 ? [''] : []),
    ...targetTable(targets),
    '',
    verdict(targets),
    '',
  ].join('\n');
}
