import { describe, expect, it } from 'vitest';
import {
  behindNat,
  CoturnConfigError,
  internalOnly,
  lint,
  publicTurn,
  turnTls443,
} from '../../coturn-config-lite/index.ts';

const common = { realm: 'turn.example.org', secrets: ['hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE'] };
const tls = { ...common, certFile: '/etc/turn/cert.pem', keyFile: '/etc/turn/key.pem' };
const addresses = { publicIp: '203.0.113.7', privateIp: '10.0.4.7' };

describe('presets', () => {
  it.each([
    ['publicTurn', publicTurn(common)],
    ['turnTls443', turnTls443(tls)],
    ['publicTurn behindNat', behindNat(publicTurn(common), addresses)],
    ['turnTls443 behindNat', behindNat(turnTls443(tls), addresses)],
    ['internalOnly', internalOnly(common)],
    ['internalOnly on IPv6', internalOnly({ ...common, address: '::1', port: 3479 })],
  ])('%s: the linter finds nothing', (_name, config) => {
    expect(lint(config)).toEqual([]);
  });

  it('count bandwidth in bits, where coturn counts bytes', () => {
    expect(publicTurn({ ...common, maxBitrateBps: 8_000_000 }).maxBps).toBe(1_000_000);
  });

  it('refuse what coturn could not read', () => {
    expect(() => publicTurn({ ...common, realm: '' })).toThrow(CoturnConfigError);
    expect(() => behindNat(publicTurn(common), { publicIp: 'turn', privateIp: '10.0.0.1' })).toThrow(
      /external-ip/,
    );
  });
});
