import { Page } from '../../components/Page.tsx';
import { StepHeading } from '../../components/StepHeading.tsx';
import { duration } from '../../lib/format.ts';
import type { PlainWords } from '../../lib/plain-words.ts';
import { useNow } from '../../lib/use-now.ts';

interface RefusedProps {
  readonly words: PlainWords;
  /** When the page tries again by itself; undefined: it does not. */
  readonly retryAtMs: number | undefined;
  readonly onRetry: () => void;
  readonly onBack: () => void;
}

export function Refused({ words, retryAtMs, onRetry, onBack }: RefusedProps) {
  const nowMs = useNow(retryAtMs === undefined ? undefined : 500);
  return (
    <Page>
      <StepHeading>{words.title}</StepHeading>
      <p>{words.advice}</p>
      {retryAtMs !== undefined && (
        <p role="timer">
          Next attempt in <strong>{duration(retryAtMs - nowMs)}</strong>.
        </p>
      )}
      <div className="actions">
        <button type="button" className="button button-primary" onClick={onRetry}>
          {retryAtMs === undefined ? 'Try again' : 'Try now'}
        </button>
        <button type="button" className="button" onClick={onBack}>
          Back
        </button>
      </div>
    </Page>
  );
}
