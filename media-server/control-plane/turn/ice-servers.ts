import { makeCredentials } from '../../../coturn-config-lite/index.ts';
import type { IceServer } from '../../protocol/index.ts';

/** A TURN server that may be handed out. */
export interface TurnServer {
  /** Its addresses, `turn:` and `turns:`, one for each way to reach it. */
  readonly urls: readonly string[];
  /** Shared with it: its `static-auth-secret`. */
  readonly secret: string;
}

/**
 * The TURN servers for one participant, with credentials of its own that end by themselves. coturn counts its quota by
 * the user in them, so the same name in another meeting is somebody else.
 */
export function iceServersFor(
  { meetingId, participantId }: { readonly meetingId: string; readonly participantId: string },
  servers: readonly TurnServer[],
  { credentialSeconds, nowMs }: { readonly credentialSeconds: number; readonly nowMs: number },
): IceServer[] {
  return servers.map(({ urls, secret }) => {
    const { username, password } = makeCredentials({
      secret,
      userId: `${meetingId}/${participantId}`,
      ttlSeconds: credentialSeconds,
      nowMs,
    });
    return { urls: [...urls], username, credential: password };
  });
}
