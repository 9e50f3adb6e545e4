import { hostCheck } from '@holdfast/media-server/control-plane/api/hosts.ts';
import { describe, expect, it } from 'vitest';

const check = (host: string, openJoin: boolean, hostNames: string[] = []) =>
  hostCheck({ http: { host }, openJoin, hostNames });

describe('the name that a request calls the server by', () => {
  it('must be one of loopback where anybody on this machine may join', () => {
    const knows = check('127.0.0.1', true);
    for (const good of ['127.0.0.1:8443', 'localhost', 'LOCALHOST:1', '[::1]:8443'])
      expect(knows(good)).toBe(true);
    for (const bad of [
      'evil.example:8443',
      'localhost.evil.example',
      '',
      undefined,
      '127.0.0.1.evil.example',
    ]) {
      expect(knows(bad)).toBe(false);
    }
  });

  it('may be any where only applications let people in', () => {
    expect(check('127.0.0.1', false)('meet.example.org')).toBe(true);
    expect(check('0.0.0.0', true)('meet.example.org')).toBe(true);
  });

  it('must be a configured one where there are some', () => {
    const knows = check('0.0.0.0', false, ['meet.example.org']);
    expect(knows('meet.example.org:443')).toBe(true);
    expect(knows('evil.example')).toBe(false);
  });
});
