import { Component, type ReactNode } from 'react';
import { Page } from './Page.tsx';

interface BoundaryState {
  readonly error: Error | undefined;
}

/** The last resort: a fault of the page itself is said in words instead of leaving it empty. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, BoundaryState> {
  override readonly state: BoundaryState = { error: undefined };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Page>
        <h1>This page has failed</h1>
        <p>Load it again to go on. If it happens again, please report this: {error.message}</p>
        <button type="button" className="button button-primary" onClick={() => location.reload()}>
          Load again
        </button>
      </Page>
    );
  }
}
