import './lib/no-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { Api } from './lib/api.ts';
import { hasFragmentToken, takeFragmentToken } from './lib/fragment-token.ts';
import { Remembered } from './lib/remembered.ts';
import { routeOf } from './lib/route.ts';
import './styles/tokens.css';
import './styles/base.css';

// Before anything is drawn: the token must not stay in the address bar.
const applicationToken = takeFragmentToken({ location, history });
// A link of the application clicked while this very page is open changes only the fragment and loads nothing.
addEventListener('hashchange', () => {
  if (hasFragmentToken(location.hash)) location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <App
      route={routeOf(location.pathname, location.search)}
      applicationToken={applicationToken}
      api={new Api((input, init) => fetch(input, init))}
      remembered={new Remembered(() => localStorage)}
      thisTab={new Remembered(() => sessionStorage)}
    />
  </StrictMode>,
);
