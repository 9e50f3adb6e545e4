import { lazy, Suspense } from 'react';
import { ErrorBoundary } from './components/ErrorBoundary.tsx';
import { Page } from './components/Page.tsx';
import type { Api } from './lib/api.ts';
import type { Remembered } from './lib/remembered.ts';
import type { Route } from './lib/route.ts';
import { HomePage } from './pages/home/HomePage.tsx';
import { NotFoundPage } from './pages/not-found/NotFoundPage.tsx';

// Each of the large pages is loaded only by those who open it.
const MeetingPage = lazy(async () => ({
  default: (await import('./pages/meeting/MeetingPage.tsx')).MeetingPage,
}));
const CheckPage = lazy(async () => ({
  default: (await import('./pages/check/CheckPage.tsx')).CheckPage,
}));
const OperatorPage = lazy(async () => ({
  default: (await import('./pages/operator/OperatorPage.tsx')).OperatorPage,
}));

interface AppProps {
  readonly route: Route;
  /** Handed over by an application; undefined when somebody came by themselves. */
  readonly applicationToken: string | undefined;
  readonly api: Api;
  /** Kept in this browser. */
  readonly remembered: Remembered;
  /** Kept until this tab is closed. */
  readonly thisTab: Remembered;
}

export function App(props: AppProps) {
  return (
    <ErrorBoundary>
      <Suspense fallback={<Loading />}>
        <PageOf {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}

function Loading() {
  return (
    <Page>
      <p className="muted">Loading…</p>
    </Page>
  );
}

function PageOf({ route, applicationToken, api, remembered, thisTab }: AppProps) {
  switch (route.page) {
    case 'home':
      return <HomePage remembered={remembered} />;
    case 'meeting':
      return (
        <MeetingPage
          meetingId={route.meetingId}
          name={route.name}
          joinNow={route.joinNow}
          applicationToken={applicationToken}
          api={api}
          remembered={remembered}
        />
      );
    case 'operator':
      return <OperatorPage api={api} thisTab={thisTab} />;
    case 'check':
      return <CheckPage api={api} applicationToken={applicationToken} remembered={remembered} />;
    case 'not-found':
      return <NotFoundPage />;
  }
}
