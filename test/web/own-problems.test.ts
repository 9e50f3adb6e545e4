import { describe, expect, it } from 'vitest';
import type { Capture } from '../../media-server/web/lib/capture.ts';
import { deviceProblem } from '../../media-server/web/lib/media-problem.ts';
import { ownProblems } from '../../media-server/web/lib/own-problems.ts';

const off: Capture = { state: 'off' };
const failed = (name: string): Capture => ({
  state: 'failed',
  problem: deviceProblem(Object.assign(new Error('said so'), { name })),
});

describe('ownProblems', () => {
  it('has nothing to say when nothing is wrong', () => {
    expect(ownProblems({ camera: off, microphone: off, screen: off })).toEqual([]);
  });

  it('says once what is wrong with both camera and microphone', () => {
    const problems = ownProblems({
      camera: failed('NotAllowedError'),
      microphone: failed('NotAllowedError'),
      screen: off,
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.sources).toEqual(['camera', 'microphone']);
    expect(problems[0]?.words.title).toBe('The browser does not allow camera and microphone');
  });

  it('says apart what is wrong for different reasons', () => {
    const problems = ownProblems({
      camera: failed('NotReadableError'),
      microphone: failed('NotFoundError'),
      screen: off,
    });
    expect(problems.map(({ words }) => words.title)).toEqual([
      'The camera cannot be used just now',
      'No microphone was found',
    ]);
  });

  it('passes on what the browser says when it is nothing known', () => {
    const [problem] = ownProblems({ camera: failed('StrangeError'), microphone: off, screen: off });
    expect(problem?.words.advice).toContain('said so');
  });
});
