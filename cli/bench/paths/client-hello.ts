/** What the first bytes of a connection are: TLS for a name, TLS without one, no TLS, or too few to tell. */
export type Opening =
  | { readonly kind: 'tls'; readonly name: string | undefined }
  | { readonly kind: 'other' | 'partial' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** Record header, handshake header, version and random (RFC 8446, 4.1.2 and 5.1). */
const SESSION_ID_AT = 5 + 4 + 2 + 32;

/** Reads the name of a ClientHello (RFC 6066, 3), as a firewall does that lets TLS pass by name. */
export function openingOf(bytes: Buffer): Opening {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return { kind: 'other' };
  if (bytes.length < 6) return { kind: 'partial' };
  if (bytes[5] !== CLIENT_HELLO) return { kind: 'other' };
  if (bytes.length < 5 + bytes.readUInt16BE(3)) return { kind: 'partial' };
  try {
    return { kind: 'tls', name: serverNameIn(bytes) };
  } catch (error) {
    // A length in it points outside of it.
    if (error instanceof RangeError) return { kind: 'other' };
    throw error;
  }
}

function serverNameIn(bytes: Buffer): string | undefined {
  let at = SESSION_ID_AT;
  at += 1 + bytes.readUInt8(at);
  at += 2 + bytes.readUInt16BE(at);
  at += 1 + bytes.readUInt8(at);
  const end = at + 2 + bytes.readUInt16BE(at);
  at += 2;
  while (at + 4 <= end) {
    const [type, length] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)];
    if (type === SERVER_NAME) {
      const nameLength = bytes.readUInt16BE(at + 7);
      return bytes.toString('latin1', at + 9, at + 9 + nameLength);
    }
    at += 4 + length;
  }
  return undefined;
}
