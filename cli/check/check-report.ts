import { verdict } from '@holdfast/media-server/web/lib/check-words.ts';
import { pathNames } from '@holdfast/media-server/web/lib/network-words.ts';
import { table } from '../observe/table.ts';
import { outcomesOf, type ServerCheck } from './check-server.ts';

/** The whole as a document: what was tried, and what it means. */
export function checkDocument(check: ServerCheck) {
  const { willUse, toOpen } = verdict(outcomesOf(check.addresses));
  return {
    ...check,
    works: check.signalling.works && willUse !== undefined,
    willUse: willUse ?? null,
    toOpen,
  };
}

export function checkWords(check: ServerCheck): string {
  const { signalling, addresses, url } = check;
  if (!signalling.works) {
    return [
      '',
      `  ${url} cannot be joined: ${signalling.why}`,
      '',
      'Nobody gets into a meeting from here. Is the address right, and does a firewall or proxy let WebSockets (wss://) through?',
      '',
    ].join('\n');
  }
  const ms = (value: number | null) => (value === null ? '–' : `${value} ms`);
  const rows = addresses.map(({ path, at, works, roundTripMs, why }) => [
    pathNames[path],
    at,
    works ? 'works' : 'BLOCKED',
    works ? ms(roundTripMs) : (why ?? ''),
  ]);
  const { title, advice, willUse, toOpen } = verdict(outcomesOf(addresses));
  return [
    '',
    `  signalling: works (joined in ${ms(signalling.joinMs)}, round trip ${ms(signalling.roundTripMs)})`,
    '',
    ...table(['way for media', 'to', '', 'round trip'], rows),
    '',
    `${title}. ${advice}`,
    ...(willUse === undefined ? [] : [`Meetings will go ${pathNames[willUse]}.`]),
    ...(toOpen.length === 0
      ? []
      : [
          '',
          'The administrator of this network should open (one is enough, the first is best):',
          ...toOpen.map((line) => `  - ${line}`),
        ]),
    '',
  ].join('\n');
}
