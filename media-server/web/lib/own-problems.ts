import type { Capture } from './capture.ts';
import { type CaptureSource, problemWords } from './media-problem.ts';
import type { PlainWords } from './plain-words.ts';

export interface OwnProblem {
  /** Which sources it is about. */
  readonly sources: readonly CaptureSource[];
  readonly words: PlainWords;
}

const order = ['camera', 'microphone', 'screen'] as const satisfies readonly CaptureSource[];

/** What is wrong with the own devices; what is wrong with both camera and microphone is said once. */
export function ownProblems(captures: Readonly<Record<CaptureSource, Capture>>): readonly OwnProblem[] {
  const { camera, microphone } = captures;
  const shared =
    camera.state === 'failed' &&
    microphone.state === 'failed' &&
    camera.problem.trouble === microphone.problem.trouble;
  const apart = shared ? (['screen'] as const) : order;
  const single = apart.flatMap((source): OwnProblem[] => {
    const capture = captures[source];
    return capture.state === 'failed'
      ? [{ sources: [source], words: problemWords(source, capture.problem) }]
      : [];
  });
  if (!shared) return single;
  const words = problemWords('camera and microphone', camera.problem);
  return [{ sources: ['camera', 'microphone'], words }, ...single];
}
