/** What coturn says of one allocation. */
export type AllocationEvent = {
  readonly session: string;
  readonly user: string;
  /** When its credentials end, Unix time in ms. */
  readonly endsAtMs: number;
} & (
  | { readonly type: 'begun' | 'ended' }
  /** Since the last word of this kind: it comes every 2048 packets, and at the end. */
  | { readonly type: 'relayed'; readonly fromClientBytes: number; readonly toClientBytes: number }
);

/** Since coturn 4.5; the time before it depends on the configuration. */
const line =
  /^(?:\S+: )?session (?<session>\d+): (?<what>new|usage|delete)[,:] realm=<[^<>]*>, username=<(?<username>[^<>]*)>(?:, rp=\d+, rb=(?<received>\d+), sp=\d+, sb=(?<sent>\d+))?/;

/**
 * Reads one line of coturn's verbose log.
 * @returns undefined for all others. User names in these lines are authenticated, so that they are ones that we have made.
 */
export function allocationEventOf(text: string): AllocationEvent | undefined {
  const groups = line.exec(text)?.groups;
  if (!groups) return undefined;
  const { session = '', what, username = '', received, sent } = groups;
  const separator = username.indexOf(':');
  const endsAtMs = Number(username.slice(0, separator)) * 1000;
  const of = { session, user: username.slice(separator + 1), endsAtMs };
  if (what === 'new') return { ...of, type: 'begun' };
  if (what === 'delete') return { ...of, type: 'ended' };
  if (received === undefined || sent === undefined) return undefined;
  return { ...of, type: 'relayed', fromClientBytes: Number(received), toClientBytes: Number(sent) };
}
