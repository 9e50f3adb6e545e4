import { useCallback, useState } from 'react';
import { Page } from '../../components/Page.tsx';
import type { Api } from '../../lib/api.ts';
import type { Remembered } from '../../lib/remembered.ts';
import { useTitle } from '../../lib/use-title.ts';
import { Dashboard } from './Dashboard.tsx';
import { TokenForm } from './TokenForm.tsx';

interface OperatorPageProps {
  readonly api: Api;
  readonly thisTab: Remembered;
}

type Access =
  | { readonly state: 'asking'; readonly refused: boolean }
  | { readonly state: 'given'; readonly token: string };

/** The fleet, for those who run it. */
export function OperatorPage({ api, thisTab }: OperatorPageProps) {
  useTitle('Operator');
  const [access, setAccess] = useState<Access>(() => {
    const token = thisTab.get('operatorToken');
    return token === undefined ? { state: 'asking', refused: false } : { state: 'given', token };
  });
  const give = (token: string) => {
    thisTab.set('operatorToken', token);
    setAccess({ state: 'given', token });
  };
  const forget = useCallback(
    (refused: boolean) => {
      thisTab.set('operatorToken', undefined);
      setAccess({ state: 'asking', refused });
    },
    [thisTab],
  );

  if (access.state === 'asking') {
    return (
      <Page>
        <TokenForm refused={access.refused} onToken={give} />
      </Page>
    );
  }
  return (
    <Page
      width="wide"
      aside={
        <button type="button" className="button button-small" onClick={() => forget(false)}>
          Forget the token
        </button>
      }
    >
      <Dashboard key={access.token} api={api} token={access.token} onTokenRefused={forget} />
    </Page>
  );
}
