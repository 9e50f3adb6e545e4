interface AddressBar {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState' | 'state'>;
}

/**
 * Takes the participant's token that an application hands over as `#token=…`. A fragment never reaches a server's log,
 * and it is removed from the address bar at once, so that it does not get into the browser's history or a copied link.
 */
export function takeFragmentToken({ location, history }: AddressBar): string | undefined {
  if (!hasFragmentToken(location.hash)) return undefined;
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get('token') ?? '';
  fragment.delete('token');
  const rest = fragment.toString();
  history.replaceState(
    history.state,
    '',
    `${location.pathname}${location.search}${rest === '' ? '' : `#${rest}`}`,
  );
  return token === '' ? undefined : token;
}

export function hasFragmentToken(hash: string): boolean {
  return new URLSearchParams(hash.slice(1)).has('token');
}
