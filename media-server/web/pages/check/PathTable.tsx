import type { PathRow } from '../../lib/network-check.ts';
import { pathNames } from '../../lib/network-words.ts';

const stateWords = { trying: 'trying…', works: 'works', blocked: 'blocked' } as const;

/** Each way for media, tried apart. */
export function PathTable({ paths }: { readonly paths: readonly PathRow[] }) {
  return (
    <table className="table">
      <caption>Ways for sound and picture</caption>
      <thead>
        <tr>
          <th scope="col">Way</th>
          <th scope="col">To</th>
          <th scope="col">Result</th>
          <th scope="col" className="number">
            Round trip
          </th>
        </tr>
      </thead>
      <tbody>
        {paths.map(({ path, at, state, roundTripMs }) => (
          <tr key={path}>
            <th scope="row">{pathNames[path]}</th>
            <td className="check-address">{at.join(', ')}</td>
            <td className={`check-${state}`}>{stateWords[state]}</td>
            <td className="number">{roundTripMs === null ? '–' : `${roundTripMs} ms`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
