import { type FormEvent, useState } from 'react';
import type { NodeView } from '../../../protocol/rest.ts';
import { Dialog } from '../../components/Dialog.tsx';
import { count, people } from '../../lib/format.ts';
import { type DrainForecast, drainForecast } from '../../lib/node-state.ts';

interface DrainDialogProps {
  /** undefined: the dialog is closed. */
  readonly node: NodeView | undefined;
  readonly nodes: readonly NodeView[];
  readonly onDrain: (nodeId: string, reason: string) => void;
  readonly onClose: () => void;
}

/** Says what a drain will do before it is done. */
export function DrainDialog({ node, nodes, onDrain, onClose }: DrainDialogProps) {
  return (
    <Dialog
      title={node === undefined ? 'Drain' : `Drain ${node.nodeId}?`}
      open={node !== undefined}
      onClose={onClose}
    >
      {node !== undefined && (
        <DrainForm
          forecast={drainForecast(node, nodes)}
          onDrain={(reason) => onDrain(node.nodeId, reason)}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}

interface DrainFormProps {
  readonly forecast: DrainForecast;
  readonly onDrain: (reason: string) => void;
  readonly onClose: () => void;
}

function DrainForm({ forecast, onDrain, onClose }: DrainFormProps) {
  const [reason, setReason] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDrain(reason.trim() || 'operator');
  };
  return (
    <form onSubmit={submit}>
      <p>{whatMoves(forecast)}</p>
      {forecast.meetings > 0 && forecast.targets === 0 && (
        <p>
          <strong>No other node is active.</strong> The meetings stay where they are until there is one.
        </p>
      )}
      <p className="muted">The drain can be cancelled until the node is released.</p>
      <label className="field">
        <span>Reason</span>
        <input
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          placeholder="operator"
          maxLength={200}
        />
      </label>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Leave it as it is
        </button>
        <button type="submit" className="button button-primary">
          Drain
        </button>
      </div>
    </form>
  );
}

function whatMoves({ relays, meetings, people: number, targets }: DrainForecast): string {
  if (relays) {
    if (targets > 0)
      return `Nobody new is relayed by it. ${people(number)} on it go to other TURN servers while the calls go on.`;
    return `Nobody new is relayed by it. No other TURN server is active: ${people(number)} stay on it until there is one.`;
  }
  if (meetings === 0) return 'The node holds no meetings. It will take none from now on.';
  const what = meetings === 1 ? 'Its meeting' : `Its ${count(meetings, 'meeting')}`;
  const verb = meetings === 1 ? 'moves' : 'move';
  return `The node takes no new meetings. ${what}, with ${people(number)}, ${verb} to other nodes while the calls go on.`;
}
