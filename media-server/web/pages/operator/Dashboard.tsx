import { useEffect, useState } from 'react';
import { Problem } from '../../components/Problem.tsx';
import type { Api } from '../../lib/api.ts';
import { FleetStore } from '../../lib/fleet-store.ts';
import { count, people, timeOfDay } from '../../lib/format.ts';
import { poll } from '../../lib/poll.ts';
import { useNow } from '../../lib/use-now.ts';
import { useView } from '../../lib/use-view.ts';
import { DrainDialog } from './DrainDialog.tsx';
import { EventList } from './EventList.tsx';
import { MeetingTable } from './MeetingTable.tsx';
import { NodeCard } from './NodeCard.tsx';
import { Scaling } from './Scaling.tsx';
import './operator.css';

interface DashboardProps {
  readonly api: Api;
  readonly token: string;
  readonly onTokenRefused: (refused: true) => void;
}

const TIMEOUT_MS = 5000;

export function Dashboard({ api, token, onTokenRefused }: DashboardProps) {
  const [store] = useState(() => new FleetStore(api, token, () => Date.now()));
  const view = useView(store);
  const nowMs = useNow(1000);
  const [drainingId, setDrainingId] = useState<string>();

  useEffect(() => {
    const ending = new AbortController();
    void poll({ look: store.look, timeoutMs: TIMEOUT_MS, signal: ending.signal, page: document });
    return () => ending.abort();
  }, [store]);

  useEffect(() => {
    if (view.tokenRefused) onTokenRefused(true);
  }, [view.tokenRefused, onTokenRefused]);

  const { fleet } = view;
  const nodes = fleet?.nodes ?? [];
  const meetings = fleet?.meetings ?? [];
  const inMeetings = meetings.reduce((sum, meeting) => sum + meeting.participants, 0);
  return (
    <>
      <h1>Fleet</h1>
      <div role="status">
        {view.problem !== undefined && <Stale problem={view.problem} knownAtMs={view.knownAtMs} />}
      </div>
      {fleet === undefined ? (
        <p className="muted">Asking the control plane…</p>
      ) : (
        <p className="muted">
          {count(nodes.length, 'node')}, {count(meetings.length, 'meeting')}, {people(inMeetings)}
        </p>
      )}
      <section aria-labelledby="nodes">
        <h2 id="nodes">Nodes</h2>
        {fleet !== undefined && nodes.length === 0 && (
          <p>No media node has registered yet. Meetings can be joined as soon as one has.</p>
        )}
        <ul className="nodes">
          {nodes.map((node) => (
            <NodeCard
              key={node.nodeId}
              node={node}
              history={view.load.history.get(node.nodeId)}
              nowMs={nowMs}
              onDrain={() => setDrainingId(node.nodeId)}
              onCancel={() => void store.cancelDrain(node.nodeId, AbortSignal.timeout(TIMEOUT_MS))}
            />
          ))}
        </ul>
      </section>
      <Scaling api={api} token={token} />
      <div className="operator-columns">
        <section aria-labelledby="meetings">
          <h2 id="meetings">Meetings</h2>
          <MeetingTable meetings={meetings} />
        </section>
        <section aria-labelledby="events">
          <h2 id="events">What happened</h2>
          <EventList events={view.events} />
        </section>
      </div>
      <DrainDialog
        node={nodes.find((node) => node.nodeId === drainingId)}
        nodes={nodes}
        onDrain={(nodeId, reason) => {
          setDrainingId(undefined);
          void store.drain(nodeId, reason, AbortSignal.timeout(TIMEOUT_MS));
        }}
        onClose={() => setDrainingId(undefined)}
      />
    </>
  );
}

function Stale({ problem, knownAtMs }: { readonly problem: string; readonly knownAtMs: number | undefined }) {
  const title =
    knownAtMs === undefined ? 'Nothing is known yet' : `This was known at ${timeOfDay(knownAtMs)}`;
  return <Problem problem={{ title, advice: problem }} />;
}
