import './sparkline.css';

interface SparklineProps {
  /** What is drawn, such as "Stress". */
  readonly label: string;
  /** Oldest first; null where it was not known. */
  readonly samples: readonly (number | null)[];
  /** The value at the upper edge, unless a sample is higher. */
  readonly full?: number;
  /** How many samples the whole width stands for. */
  readonly width?: number;
  readonly format: (value: number) => string;
}

const HEIGHT = 24;

/** A small curve of what was of late, with its meaning in words for those who do not see it. */
export function Sparkline({ label, samples, full = 1, width = 60, format }: SparklineProps) {
  const known = samples.filter((sample) => sample !== null);
  const top = Math.max(full, ...known);
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width - 1} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={described(label, known, format)}
    >
      <line className="sparkline-full" x1="0" x2={width - 1} y1={y(full, top)} y2={y(full, top)} />
      {stretches(samples, width).map(({ start, values }) => (
        <polyline
          key={start}
          points={values.map((value, index) => `${start + index},${y(value, top)}`).join(' ')}
        />
      ))}
    </svg>
  );
}

function described(label: string, known: readonly number[], format: (value: number) => string): string {
  const last = known.at(-1);
  if (last === undefined) return `${label} over the last minute: not known`;
  return `${label} over the last minute: between ${format(Math.min(...known))} and ${format(Math.max(...known))}`;
}

function y(value: number, top: number): number {
  return Math.round((HEIGHT - 1 - (value / top) * (HEIGHT - 2)) * 10) / 10;
}

interface Stretch {
  readonly start: number;
  readonly values: number[];
}

/** The curve is broken where nothing was known; the newest sample is at the right edge. */
function stretches(samples: readonly (number | null)[], width: number): readonly Stretch[] {
  const shown = samples.slice(-width);
  const found: Stretch[] = [];
  let open: Stretch | undefined;
  shown.forEach((sample, index) => {
    if (sample === null) {
      open = undefined;
      return;
    }
    if (open === undefined) {
      open = { start: width - shown.length + index, values: [] };
      found.push(open);
    }
    open.values.push(sample);
  });
  return found;
}
