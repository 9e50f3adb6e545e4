import type { ConsumerNew, LegOpen, LegReason } from '@holdfast/media-server/protocol/index.ts';
import { someDtlsParameters, someRtpParameters } from '../media-descriptions.ts';

const transport = (id: string): LegOpen['sendTransport'] => ({
  id,
  iceParameters: { usernameFragment: 'frag', password: 'password' },
  iceCandidates: [],
  dtlsParameters: someDtlsParameters,
});

/** A leg as a gateway opens it; its transports are `<legId>-send` and `<legId>-recv`. */
export const someLeg = (legId: string, reason: LegReason = 'join'): LegOpen => ({
  legId,
  nodeId: 'n',
  epoch: 1,
  reason,
  publishDelayMs: 0,
  routerRtpCapabilities: { codecs: [], headerExtensions: [] },
  sendTransport: transport(`${legId}-send`),
  recvTransport: transport(`${legId}-recv`),
  iceServers: [],
  participants: [],
});

export const someStream = (
  legId: string,
  producerId: string,
  participantId = `of-${producerId}`,
): ConsumerNew => ({
  legId,
  consumerId: `${legId}-${producerId}`,
  producerId,
  participantId,
  source: 'microphone',
  kind: 'audio',
  rtpParameters: someRtpParameters(),
  producerPaused: false,
});
