import { cpus } from 'node:os';
import { table } from '../observe/table.ts';

export interface Target {
  readonly what: string;
  readonly measured: number | null;
  readonly most: number;
  /** null: not measured. */
  readonly met: boolean | null;
}

export function target(what: string, measured: number | null | undefined, most: number): Target {
  return {
    what,
    measured: measured ?? null,
    most,
    met: measured === null || measured === undefined ? null : measured <= most,
  };
}

export function targetTable(targets: readonly Target[]): string[] {
  return table(
    ['target', 'measured', 'at most', ''],
    targets.map(({ what, measured, most, met }) => [
      what,
      number(measured),
      String(most),
      met === null ? 'not measured' : met ? 'met' : 'MISSED',
    ]),
  );
}

/** The last line of a bench: what it comes to. */
export function verdict(targets: readonly Target[]): string {
  const missed = targets.filter(({ met }) => met === false);
  return missed.length === 0
    ? `All ${targets.filter(({ met }) => met).length} targets met.`
    : `${missed.length} of ${targets.length} targets MISSED: ${missed.map(({ what }) => what).join('; ')}.`;
}

export const number = (value: number | null): string =>
  value === null ? '–' : Number.isFinite(value) ? String(Math.round(value * 100) / 100) : 'never';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  return { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version };
}
