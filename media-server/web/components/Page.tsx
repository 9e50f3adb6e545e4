import type { ReactNode } from 'react';
import './page.css';

interface PageProps {
  readonly children: ReactNode;
  /** `text` to read, `form` for two columns, `wide` for tables and cards. */
  readonly width?: 'text' | 'form' | 'wide';
  readonly aside?: ReactNode;
}

/** The frame of every page but the call itself. */
export function Page({ children, width = 'text', aside }: PageProps) {
  return (
    <div className={`page page-${width}`}>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="page-header">
        <a className="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span>Holdfast</span>
        </a>
        {aside}
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
