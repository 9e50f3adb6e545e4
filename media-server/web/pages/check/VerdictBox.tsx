import { Icon } from '../../components/Icon.tsx';
import { verdict } from '../../lib/check-words.ts';
import { NetworkCheck, type NetworkCheckView } from '../../lib/network-check.ts';
import { pathNames } from '../../lib/network-words.ts';

/** What it comes to, and what would have to change. */
export function VerdictBox({ view }: { readonly view: NetworkCheckView }) {
  const { title, advice, willUse, toOpen } = verdict(NetworkCheck.outcomes(view));
  return (
    <section className="card check-verdict">
      <h2>
        <Icon name={willUse === undefined ? 'warning' : 'check'} />
        {title}
      </h2>
      <p>{advice}</p>
      {willUse !== undefined && <p className="muted">Meetings will go {pathNames[willUse]}.</p>}
      {toOpen.length > 0 && (
        <>
          <p>For the administrator of this network: please open, of these, the first that you can.</p>
          <ul>
            {toOpen.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
