/**
 * Whether the server relays, by allocations that were really had. Pure. unknown: none was tried since it was started.
 * doubtful: the last one failed; people are still sent here. ill: nobody is.
 */
export interface Health {
  readonly state: 'unknown' | 'well' | 'doubtful' | 'ill';
  /** Of what is not well, for people. */
  readonly why: string | undefined;
  /** How long the last allocation took. */
  readonly tookMs: number | undefined;
}

export type HealthEvent =
  | { readonly type: 'allocated'; readonly tookMs: number }
  | { readonly type: 'failed'; readonly why: string }
  /** The process has ended: no probe need say so. */
  | { readonly type: 'server-ended'; readonly why: string }
  | { readonly type: 'server-started' };

export const initialHealth: Health = { state: 'unknown', why: 'it is starting', tookMs: undefined };

export function healthAfter(health: Health, event: HealthEvent): Health {
  switch (event.type) {
    case 'allocated':
      return { state: 'well', why: undefined, tookMs: event.tookMs };
    case 'failed':
      // One that fails may be the machine's fault for a moment; those who are here would be moved for nothing.
      return {
        ...health,
        state: health.state === 'well' ? 'doubtful' : afterFailure(health),
        why: event.why,
      };
    case 'server-ended':
      return { state: 'ill', why: event.why, tookMs: undefined };
    case 'server-started':
      return health.state === 'ill' ? { ...health, why: 'it is starting again' } : initialHealth;
  }
}

const afterFailure = ({ state }: Health): Health['state'] => (state === 'unknown' ? 'unknown' : 'ill');

/** People may be sent here. */
export const isHealthy = ({ state }: Health): boolean => state === 'well' || state === 'doubtful';
