import { mediaPathOf } from '@holdfast/media-server/client/media-path.ts';
import { describe, expect, it } from 'vitest';

describe('the path of media', () => {
  it('is named after the local candidate in use', () => {
    const path = (type: string, protocol: string, relayProtocol?: string) =>
      mediaPathOf({ type, protocol, relayProtocol });
    expect(path('host', 'udp')).toBe('udp');
    expect(path('prflx', 'udp')).toBe('udp');
    expect(path('prflx', 'tcp')).toBe('tcp');
    expect(path('relay', 'udp', 'udp')).toBe('turn-udp');
    expect(path('relay', 'udp', 'tcp')).toBe('turn-tcp');
    expect(path('relay', 'udp', 'tls')).toBe('turn-tls');
  });

  it('is unknown without a pair, and for words that are not known', () => {
    const nothing = { type: undefined, protocol: undefined, relayProtocol: undefined };
    expect(mediaPathOf(nothing)).toBeUndefined();
    expect(mediaPathOf({ ...nothing, type: 'relay', protocol: 'udp' })).toBeUndefined();
    expect(mediaPathOf({ ...nothing, type: 'host', protocol: 'sctp' })).toBeUndefined();
  });
});
