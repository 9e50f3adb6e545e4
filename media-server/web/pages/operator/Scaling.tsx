import { useEffect, useState } from 'react';
import type { Api } from '../../lib/api.ts';
import { poll } from '../../lib/poll.ts';
import { ScalingStore } from '../../lib/scaling-store.ts';
import { useView } from '../../lib/use-view.ts';
import { DecisionTable } from './DecisionTable.tsx';
import { Timeline } from './Timeline.tsx';
import './scaling.css';

interface ScalingProps {
  readonly api: Api;
  readonly token: string;
}

const TIMEOUT_MS = 5000;

/** How many machines there are, why, and what each of them does. */
export function Scaling({ api, token }: ScalingProps) {
  const [store] = useState(() => new ScalingStore(api, token));
  const { known, problem } = useView(store);

  useEffect(() => {
    const ending = new AbortController();
    void poll({ look: store.look, timeoutMs: TIMEOUT_MS, signal: ending.signal, page: document });
    return () => ending.abort();
  }, [store]);

  return (
    <section className="scaling" aria-labelledby="scaling">
      <h2 id="scaling">Scaling</h2>
      {problem !== undefined && <p className="muted">{problem}</p>}
      {known !== undefined && <Leader leader={known.leader} seen={known.decisions.length > 0} />}
      {known !== undefined && known.decisions.length > 0 && (
        <>
          <Timeline known={known} />
          <DecisionTable decisions={known.decisions} />
        </>
      )}
    </section>
  );
}

function Leader({ leader, seen }: { readonly leader: string | null; readonly seen: boolean }) {
  if (leader !== null) return <p className="muted">Led by {leader}.</p>;
  return (
    <p className="muted">
      {seen
        ? 'No autoscaler leads now: nothing is launched or given back until one does.'
        : 'No autoscaler runs: nothing is launched or given back by itself.'}
    </p>
  );
}
