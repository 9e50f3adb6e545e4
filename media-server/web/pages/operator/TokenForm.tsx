import { type FormEvent, useState } from 'react';
import { Problem } from '../../components/Problem.tsx';
import './token-form.css';

interface TokenFormProps {
  readonly refused: boolean;
  readonly onToken: (token: string) => void;
}

export function TokenForm({ refused, onToken }: TokenFormProps) {
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onToken(token.trim());
  };
  return (
    <>
      <h1>Operator</h1>
      <p className="muted">Media nodes, their load and their meetings, live; nodes are drained from here.</p>
      <div role="alert" className="token-refused">
        {refused && (
          <Problem
            problem={{
              title: 'The server does not accept this token',
              advice: 'Check that all of it was copied.',
            }}
          />
        )}
      </div>
      <form className="card fields" onSubmit={submit}>
        <div className="field">
          <label htmlFor="operator-token">Operator token</label>
          <input
            id="operator-token"
            type="password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            required
            pattern=".*\S.*"
            title="The operator token"
            autoComplete="off"
            aria-describedby="operator-token-hint"
          />
          <p id="operator-token-hint" className="field-hint">
            The value of HOLDFAST_OPERATOR_TOKEN, or what the server printed when it was started without one.
            It is kept until this tab is closed.
          </p>
        </div>
        <button type="submit" className="button button-primary">
          Show the fleet
        </button>
      </form>
    </>
  );
}
