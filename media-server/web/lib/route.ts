import { meetingId } from '../../protocol/values.ts';

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'meeting'; readonly meetingId: string; readonly name: string; readonly joinNow: boolean }
  | { readonly page: 'operator' }
  | { readonly page: 'check' }
  | { readonly page: 'not-found' };

/** Which page an address means. Every address is a load of its own; there is no routing inside the document. */
export function routeOf(pathname: string, search: string): Route {
  const [first, second, ...rest] = pathname.split('/').filter((part) => part !== '');
  if (first === undefined) return { page: 'home' };
  if (first === 'operator' && second === undefined) return { page: 'operator' };
  if (first === 'check' && second === undefined) return { page: 'check' };
  if (first === 'm' && second !== undefined && rest.length === 0) return meetingRoute(second, search);
  return { page: 'not-found' };
}

function meetingRoute(encodedId: string, search: string): Route {
  const id = meetingId.safeParse(decoded(encodedId));
  if (!id.success) return { page: 'not-found' };
  const query = new URLSearchParams(search);
  return {
    page: 'meeting',
    meetingId: id.data,
    name: (query.get('name') ?? '').trim().slice(0, 80),
    joinNow: query.get('join') === '1',
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A broken escape cannot be a meeting's name; the schema refuses the empty text.
    return '';
  }
}

/** The address of a meeting, as it is given to others. */
export function meetingPath(id: string, name?: string): string {
  const query = name === undefined || name === '' ? '' : `?${new URLSearchParams({ name })}`;
  return `/m/${encodeURIComponent(id)}${query}`;
}
