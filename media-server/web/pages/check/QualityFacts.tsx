import { megabits, percent, UNKNOWN } from '../../lib/format.ts';
import type { Quality } from '../../lib/network-check.ts';

/** How well a picture went up and came down. */
export function QualityFacts({ quality }: { readonly quality: Quality }) {
  const { roundTripMs, lostShare, uploadBps, downloadBps } = quality;
  const atLeast = (bps: number | null) => (bps === null ? UNKNOWN : `at least ${megabits(bps)}`);
  const facts = [
    ['Round trip', roundTripMs === null ? UNKNOWN : `${roundTripMs} ms`],
    ['Lost on the way', percent(lostShare)],
    ['Upload', atLeast(uploadBps)],
    ['Download', atLeast(downloadBps)],
  ] as const;
  return (
    <dl className="check-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
