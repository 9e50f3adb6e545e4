import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributes, decode, encode, messageLength, methods, xorAddress } from '../../../cli/check/stun.ts';

/** RFC 5769, 2.2: the transaction and the addresses of its answers. */
const id = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex');

describe('STUN messages', () => {
  it('hide addresses as RFC 5769 does', () => {
    expect(xorAddress('192.0.2.1', 32853, id).toString('hex')).toBe('0001a147e112a643');
    expect(xorAddress('2001:db8:1234:5678:11:2233:4455:6677', 32853, id).toString('hex')).toBe(
      '0002a1470113a9faa5d3f179bc25f4b5bed2b9d9',
    );
  });

  it('are read as they were written', () => {
    const value = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(value, value, (username, data) => {
        const message = encode({
          ...{ method: 'send', kind: 'indication', id, fingerprint: true, key: Buffer.from('k') },
          attributes: [
            [attributes.username, username],
            [attributes.data, data],
          ],
        });
        expect(messageLength(message)).toBe(message.length);
        const read = decode(message);
        expect(read).toMatchObject({ method: methods.send, kind: 'indication', error: 0 });
        expect(read?.attributes.get(attributes.username)).toEqual(username);
        expect(read?.attributes.get(attributes.data)).toEqual(data);
      }),
    );
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        decode(Buffer.from(bytes));
      }),
    );
    const error = encode({
      method: 'allocate',
      kind: 'error',
      id,
      attributes: [[attributes.errorCode, Buffer.from([0, 0, 4, 1])]],
    });
    expect(decode(error)?.error).toBe(401);
  });
});
