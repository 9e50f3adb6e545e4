import { Page } from '../../components/Page.tsx';
import { useTitle } from '../../lib/use-title.ts';

export function NotFoundPage() {
  useTitle('Not found');
  return (
    <Page>
      <h1>There is no such page</h1>
      <p>
        Look at the address again. A meeting's name has letters, digits, “.”, “_” and “-” only, and starts
        with a letter or digit.
      </p>
      <a className="button button-primary" href="/">
        Start or join a meeting
      </a>
    </Page>
  );
}
