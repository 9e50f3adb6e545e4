import type { KeptDecision } from '../../../protocol/rest.ts';
import { count, people, timeOfDay } from '../../lib/format.ts';
import { decisionWords } from '../../lib/timeline.ts';

const SHOWN = 12;

const outcomeWords: Record<KeptDecision['outcome'], string> = {
  held: '',
  begun: 'under way',
  done: 'done',
  failed: 'failed',
  dropped: 'not right any more',
};

/** What was decided and why, the newest first. */
export function DecisionTable({ decisions }: { readonly decisions: readonly KeptDecision[] }) {
  return (
    <ol className="decisions">
      {decisions.slice(0, SHOWN).map((kept) => (
        <li key={kept.reportId} className={`decision decision-${kept.decision.type}`}>
          <p className="decision-head">
            <time dateTime={new Date(kept.atMs).toISOString()}>{timeOfDay(kept.atMs)}</time>{' '}
            <strong>{decisionWords(kept)}</strong> <span className="muted">{outcomeOf(kept)}</span>
          </p>
          <p className="decision-why">{kept.decision.reason}</p>
          {kept.failure !== null && <p className="decision-why">{kept.failure.message}</p>}
          {kept.figures !== null && (
            <p className="muted decision-figures">
              {kept.figures.usedWorkers.toFixed(1)} of {count(kept.figures.capacityWorkers, 'worker')} taken,{' '}
              {kept.figures.freeWorkers.toFixed(1)} free for new meetings;{' '}
              {count(kept.figures.wanted, 'machine')} wanted; {count(kept.figures.meetings, 'meeting')},{' '}
              {people(kept.figures.participants)}
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

function outcomeOf({ outcome, dryRun, times, atMs, untilMs }: KeptDecision): string {
  if (dryRun) return 'a dry run: nothing was done';
  if (outcome === 'held') return times > 1 ? `since then, until ${timeOfDay(untilMs)}` : '';
  return untilMs - atMs < 1000 ? outcomeWords[outcome] : `${outcomeWords[outcome]} at ${timeOfDay(untilMs)}`;
}
