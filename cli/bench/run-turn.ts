import { type OutputFlags, runSingleBench } from './single-bench.ts';
import { benchTurn, judgeTurn, renderTurn, type TurnOptions } from './turn.ts';

export interface TurnFlags extends OutputFlags, TurnOptions {}

export function runTurn(
  flags: TurnFlags,
  signal: AbortSignal,
  cleanup: (undo: () => Promise<void>) => void,
): Promise<number> {
  const { participants, drains, kills } = flags;
  return runSingleBench(
    {
      title: 'TURN servers, drained and killed under a meeting that they relay',
      measure: (browser, say) => benchTurn(browser, { participants, drains, kills }, signal, say),
      judge: judgeTurn,
      render: renderTurn,
    },
    flags,
    signal,
    cleanup,
  );
}
