import { type ErrorCode, HoldfastError, toHoldfastError } from '../protocol/index.ts';

/** What is said of errors whose own words may name addresses or insides of the platform. */
const neutral: Partial<Record<ErrorCode, string>> = {
  INTERNAL: 'something unexpected happened',
  NODE_UNREACHABLE: 'the media server of this meeting cannot be reached at the moment',
  CONNECTION_CLOSED: 'a connection inside the platform was lost',
  TIMEOUT: 'a part of the platform did not answer in time',
};

/** The one place that decides what of an error leaves the platform, for browsers and for users of the API. */
export function publicError(error: unknown): HoldfastError {
  const known = toHoldfastError(error);
  const message = neutral[known.code];
  if (message === undefined) return known;
  const { code, retryAfterMs } = known;
  return new HoldfastError(code, message, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
