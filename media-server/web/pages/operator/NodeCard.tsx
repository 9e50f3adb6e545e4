import type { NodeView } from '../../../protocol/rest.ts';
import { Sparkline } from '../../components/Sparkline.tsx';
import { count, duration, megabytes, people, percent, timeOfDay, UNKNOWN } from '../../lib/format.ts';
import type { NodeHistory } from '../../lib/load-history.ts';
import {
  canCancel,
  canDrain,
  knownLoad,
  machineWords,
  meaningOf,
  nodeStateOf,
  waitWords,
} from '../../lib/node-state.ts';
import { StateBadge } from './StateBadge.tsx';

interface NodeCardProps {
  readonly node: NodeView;
  readonly history: NodeHistory | undefined;
  readonly nowMs: number;
  readonly onDrain: () => void;
  readonly onCancel: () => void;
}

const roleWords = { home: '', incoming: 'coming in', outgoing: 'moving away' } as const;

/** One machine: state, load, what it carries, and what can be done with it. */
export function NodeCard({ node, history, nowMs, onDrain, onCancel }: NodeCardProps) {
  const state = nodeStateOf(node);
  const { nodeId, load, meetings, relay } = node;
  const now = knownLoad(node);
  return (
    <li className="card node">
      <div className="node-head">
        <h3>{nodeId}</h3>
        <StateBadge node={node} />
      </div>
      <p className="muted node-meaning">{state === 'active' ? aboutActive(node, nowMs) : meaningOf(node)}</p>
      {state !== 'active' && <DrainFacts node={node} nowMs={nowMs} />}
      <dl className="facts">
        <Fact name="Machine">{machineWords(node)}</Fact>
        <Fact name="Generation">{node.generation}</Fact>
        <Fact name="Version">{node.version}</Fact>
        <Fact name="People">{String(load.participants)}</Fact>
        <Fact name="Memory">{megabytes(load.rssBytes)}</Fact>
      </dl>
      <table className="table loads">
        <caption className="visually-hidden">Load of {nodeId}</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Measure</th>
            <th scope="col">Now</th>
            <th scope="col">Last minute</th>
          </tr>
        </thead>
        <tbody>
          <LoadRow label="Stress" now={now.stress} samples={history?.stress ?? []} />
          {now.workers.map((cpu, index) => (
            <LoadRow
              key={index}
              label={`CPU ${index + 1}`}
              now={cpu}
              samples={history?.workers[index] ?? []}
            />
          ))}
        </tbody>
      </table>
      {relay ? (
        <RelayFacts relay={relay} />
      ) : (
        <h4>{meetings.length === 0 ? 'No meetings' : count(meetings.length, 'meeting')}</h4>
      )}
      {meetings.length > 0 && (
        <ul className="node-meetings">
          {meetings.map((meeting) => (
            <li key={`${meeting.meetingId} ${meeting.role}`}>
              <strong>{meeting.meetingId}</strong>, {people(meeting.participants)}{' '}
              <span className="muted">epoch {meeting.epoch}</span>
              {meeting.role !== 'home' && (
                <span className={`role role-${meeting.role}`}>{roleWords[meeting.role]}</span>
              )}
            </li>
          ))}
        </ul>
      )}
      <div className="actions node-actions">
        {canDrain(state) && (
          <button type="button" className="button" onClick={onDrain}>
            <span>
              Drain<span className="visually-hidden"> {nodeId}</span>…
            </span>
          </button>
        )}
        {canCancel(state) && (
          <button type="button" className="button" onClick={onCancel}>
            <span>
              Cancel drain<span className="visually-hidden"> of {nodeId}</span>
            </span>
          </button>
        )}
      </div>
    </li>
  );
}

function RelayFacts({ relay }: { readonly relay: NonNullable<NodeView['relay']> }) {
  const { healthy, why, allocations, maxAllocations, toClientsBytes, fromClientsBytes } = relay;
  return (
    <>
      <h4>{healthy ? 'TURN server' : 'TURN server: relays nothing'}</h4>
      <dl className="facts">
        {!healthy && why !== undefined && <Fact name="Why">{why}</Fact>}
        <Fact name="Allocations">{`${allocations} of ${maxAllocations}`}</Fact>
        <Fact name="To people">{megabytes(toClientsBytes)}</Fact>
        <Fact name="From people">{megabytes(fromClientsBytes)}</Fact>
      </dl>
    </>
  );
}

function aboutActive(node: NodeView, nowMs: number): string {
  return `Up for ${duration(nowMs - node.startedAtMs)}.`;
}

function DrainFacts({ node, nowMs }: { readonly node: NodeView; readonly nowMs: number }) {
  const { sinceMs, reason, remainingMs, waitingFor = [] } = node.drain;
  const silentMs = nowMs - node.lastHeartbeatAtMs;
  // What a silent node said last grows old.
  const leftMs = remainingMs === undefined || node.reachable ? remainingMs : remainingMs - silentMs;
  return (
    <dl className="facts">
      {!node.reachable && <Fact name="Last heartbeat">{`${duration(silentMs)} ago`}</Fact>}
      {reason !== undefined && <Fact name="Reason">{reason}</Fact>}
      {sinceMs !== undefined && <Fact name="Since">{timeOfDay(sinceMs)}</Fact>}
      {leftMs !== undefined && <Fact name="Deadline">{leftMs > 0 ? `in ${duration(leftMs)}` : 'over'}</Fact>}
      {waitingFor.map((wait) => (
        <Fact key={wait.why} name="Waits">
          {waitWords(wait)}
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface LoadRowProps {
  readonly label: string;
  readonly now: number | null;
  readonly samples: readonly (number | null)[];
}

function LoadRow({ label, now, samples }: LoadRowProps) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td className={now === null ? 'number muted' : 'number'}>{now === null ? UNKNOWN : percent(now)}</td>
      <td>
        <Sparkline label={label} samples={samples} format={percent} />
      </td>
    </tr>
  );
}
