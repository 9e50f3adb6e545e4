import type { ReactNode } from 'react';
import type { PlainWords } from '../lib/plain-words.ts';
import { Icon } from './Icon.tsx';
import './problem.css';

interface ProblemProps {
  readonly problem: PlainWords;
  readonly onDismiss?: () => void;
  readonly children?: ReactNode;
}

/** What went wrong and what to do about it. */
export function Problem({ problem, onDismiss, children }: ProblemProps) {
  return (
    <div className="problem">
      <Icon name="warning" />
      <div className="problem-words">
        <strong>{problem.title}</strong>
        <p>{problem.advice}</p>
        {children}
      </div>
      {onDismiss !== undefined && (
        <button type="button" className="button button-small" onClick={onDismiss}>
          <span>
            OK<span className="visually-hidden">, I have read: {problem.title}</span>
          </span>
        </button>
      )}
    </div>
  );
}
