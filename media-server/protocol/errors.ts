/**
 * The one table of errors: what happened, what to do, and the HTTP status where one is sent.
 * `retryable` says that the same request may succeed later without any change.
 */
export const errorTable = {
  BAD_REQUEST: { status: 400, retryable: false, action: 'Correct the request; the message names the field.' },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    action:
      'Send a valid token: operators their operator token, applications their API key, participants a fresh participant token.',
  },
  FORBIDDEN: { status: 403, retryable: false, action: 'Use credentials that allow this.' },
  NOT_FOUND: { status: 404, retryable: false, action: 'Check the id; list what exists first.' },
  METHOD_UNKNOWN: {
    status: 404,
    retryable: false,
    action: 'Use a method of PROTOCOL.md; versions may differ.',
  },
  MEETING_UNKNOWN: { status: 404, retryable: false, action: 'Create the meeting first.' },
  NODE_UNKNOWN: { status: 404, retryable: false, action: 'List the nodes with GET /v1/nodes.' },
  LEG_UNKNOWN: {
    status: 404,
    retryable: false,
    action: 'Ask for a new leg: the node no longer has this one.',
  },
  SESSION_UNKNOWN: { status: 404, retryable: false, action: 'Join again with a fresh token.' },
  SESSION_REPLACED: {
    status: 409,
    retryable: false,
    action: 'Let go: the same participant has joined from elsewhere. Joining again would throw that one out.',
  },
  TRANSPORT_UNKNOWN: { status: 404, retryable: false, action: 'Use a transport of this leg.' },
  PRODUCER_UNKNOWN: { status: 404, retryable: false, action: 'Use a producer of this leg.' },
  CONSUMER_UNKNOWN: { status: 404, retryable: false, action: 'Use a consumer of this leg.' },
  CONFLICT: { status: 409, retryable: false, action: 'Read the present state and decide again.' },
  EPOCH_STALE: {
    status: 409,
    retryable: false,
    action: 'Read the directory again: the meeting has moved since.',
  },
  TARGET_LOST: {
    status: 409,
    retryable: false,
    action: 'Give this move up and take another target: nothing was committed by this request.',
  },
  DRAIN_RELEASED: {
    status: 409,
    retryable: false,
    action: 'Nothing can be done: the cloud was already told to remove this node. Start another one.',
  },
  NODE_DRAINING: {
    status: 409,
    retryable: true,
    action: 'Use another node: this one takes no new meetings.',
  },
  MEETING_FULL: {
    status: 409,
    retryable: false,
    action: 'Wait until somebody leaves, then join again: one meeting holds only so many people.',
  },
  TOO_MANY: { status: 429, retryable: true, action: 'Send less: wait for answers, then try again.' },
  NO_CAPACITY: {
    status: 503,
    retryable: true,
    action: 'Try again after the time given; more nodes are being asked for.',
  },
  NODE_UNREACHABLE: {
    status: 503,
    retryable: true,
    action: 'Wait: the meeting is being moved to another node.',
  },
  TIMEOUT: { status: 504, retryable: true, action: 'Try again; the other side did not answer in time.' },
  CONNECTION_CLOSED: { status: 503, retryable: true, action: 'Connect again.' },
  NOT_READY: { status: 503, retryable: true, action: 'Wait until /readyz answers 200.' },
  CLOUD_NO_CAPACITY: {
    status: 503,
    retryable: true,
    action: 'Try another zone or machine type: the cloud has no machine of this kind there now.',
  },
  CLOUD_QUOTA: {
    status: 503,
    retryable: false,
    action: 'Raise the quota at the cloud, or the maximum of the fleet.',
  },
  CLOUD_THROTTLED: {
    status: 429,
    retryable: true,
    action: 'Ask the cloud less often; try again after the time given.',
  },
  CLOUD_CONFLICT: {
    status: 409,
    retryable: true,
    action: 'Read the fleet and try again: something else is under way with it.',
  },
  CLOUD_REFUSED: {
    status: 409,
    retryable: false,
    action: 'Do not repeat this; the message says what forbids it.',
  },
  CLOUD_DENIED: {
    status: 403,
    retryable: false,
    action: 'Give the process its rights at the cloud: credentials are missing, expired or too narrow.',
  },
  CLOUD_UNREACHABLE: {
    status: 503,
    retryable: true,
    action: 'Repeat the same operation: whether it took effect is not known, and twice is the same as once.',
  },
  LEASE_LOST: {
    status: 409,
    retryable: false,
    action: 'Stop acting at once: somebody else leads now.',
  },
  INTERNAL: {
    status: 500,
    retryable: false,
    action: 'Look at the log of the process that answered; please report it.',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; action: string }>;

export type ErrorCode = keyof typeof errorTable;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code);
}

/** An error of the table. `message` says what happened; the table says what to do about it. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get action(): string {
    return errorTable[this.code].action;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }
}

/** Any thrown value as an error of the table; what is unknown becomes INTERNAL. */
export function toHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('INTERNAL', message, { cause: error });
}
