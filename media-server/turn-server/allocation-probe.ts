import { makeCredentials } from '../../coturn-config-lite/index.ts';
import { TurnClient } from './turn-client.ts';

export interface AllocationProbeOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly user: string;
  readonly timeoutMs: number;
  /** Unix time in ms. */
  readonly nowMs: number;
}

const CREDENTIAL_SECONDS = 60;

/**
 * Takes an allocation as a browser does, and gives it back: the server answers, knows our secret and has a relay port left.
 * Rejects when it does not.
 */
export async function probeAllocation(options: AllocationProbeOptions): Promise<void> {
  const { host, port, secret, user, timeoutMs, nowMs } = options;
  const { username, password } = makeCredentials({
    secret,
    userId: user,
    ttlSeconds: CREDENTIAL_SECONDS,
    nowMs,
  });
  const client = await TurnClient.open({
    transport: 'udp',
    host,
    port,
    credentials: { username, password },
    timeoutMs,
  });
  try {
    const { error } = await client.allocate();
    if (error !== 0) throw new Error(`an allocation was refused with ${error}`);
    await client.release();
  } finally {
    client.close();
  }
}
