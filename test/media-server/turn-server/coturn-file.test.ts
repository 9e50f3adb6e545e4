import { turnServerConfig } from '@holdfast/media-server/config/index.ts';
import { type FoundFacts, machineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import {
  coturnConfigOf,
  type TurnAddress,
  turnAddressOf,
  turnUrlsOf,
} from '@holdfast/media-server/turn-server/coturn-file.ts';
import { describe, expect, it } from 'vitest';
import { lint, render } from '../../../coturn-config-lite/index.ts';

const ports = { plain: 3478, tls: 443 };
const secrets = ['hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE', 'Vt8Kp3Qz6WnY1xC5bR9mH2dL7gF4sJ0a'];

function turnOf(turn: object) {
  return turnServerConfig.parse({
    role: 'turn-server',
    drainSocket: '/run/s',
    controlPlane: { urls: ['ws://10.0.0.1:8444/internal/nodes'] },
    turn: { realm: 'turn.example.org', ...turn },
    workDirectory: '/run/turn',
  }).turn;
}
const fileOf = (turn: object, address: TurnAddress) =>
  coturnConfigOf({
    turn: turnOf(turn),
    address,
    secrets,
    ports,
    cli: { port: 5766, password: 'password-of-the-command-line' },
    pidFile: '/run/turn/turnserver.pid',
    userDb: '/run/turn/turndb',
  });
const behindNat: TurnAddress = { listenIp: '10.0.4.7', publicIp: '203.0.113.7' };
const open = (listenIp: string): TurnAddress => ({ listenIp, publicIp: undefined });
const tls = { tls: { certFile: '/c.pem', keyFile: '/k.pem' } };

describe('the configuration of a TURN server’s coturn', () => {
  it.each<[string, object, TurnAddress]>([
    ['behind NAT', {}, behindNat],
    ['with TLS', tls, behindNat],
    ['with a public address of its own', {}, open('203.0.113.7')],
    ['on loopback', {}, open('127.0.0.1')],
  ])('%s: has no fault but that it tells all to the process that counts', (_, turn, address) => {
    // The password is new at each start, and the file is for nobody else.
    const rules = lint(fileOf(turn, address)).map(({ rule }) => rule);
    expect(rules).toEqual(['verbose-log', 'cli-password-plain']);
  });

  it('takes both secrets, so that one can be changed without anybody noticing', () => {
    expect(fileOf({}, behindNat).staticAuthSecret).toEqual(secrets);
    expect(render(fileOf({}, behindNat)).match(/^static-auth-secret=/gm)).toHaveLength(2);
  });

  it('lets nobody reach private networks or the metadata service through it, but for the peers that are named', () => {
    const { deniedPeerIp, allowedPeerIp } = fileOf({ allowedPeers: ['10.0.2.9'] }, behindNat);
    expect(deniedPeerIp).toEqual(
      expect.arrayContaining(['10.0.0.0-10.255.255.255', '169.254.0.0-169.254.255.255']),
    );
    expect(allowedPeerIp).toEqual(['10.0.2.9']);
  });

  it('bounds what all together, and each participant, may take', () => {
    expect(fileOf({ maxAllocations: 900 }, behindNat)).toMatchObject({ totalQuota: 900, userQuota: 36 });
  });

  it.each<[object, TurnAddress, string[]]>([
    [{}, behindNat, ['turn:203.0.113.7:3478?transport=udp', 'turn:203.0.113.7:3478?transport=tcp']],
    [
      { ...tls, host: 'turn.example.org' },
      behindNat,
      [
        'turn:turn.example.org:3478?transport=udp',
        'turn:turn.example.org:3478?transport=tcp',
        'turns:turn.example.org:443?transport=tcp',
      ],
    ],
    [
      {},
      open('2001:db8::7'),
      ['turn:[2001:db8::7]:3478?transport=udp', 'turn:[2001:db8::7]:3478?transport=tcp'],
    ],
  ])('tells browsers the cheapest way first: %o %o', (turn, address, urls) => {
    expect(turnUrlsOf(turnOf(turn), address, ports)).toEqual(urls);
  });

  it.each<[string, object, Partial<FoundFacts>, TurnAddress]>([
    ['the private address', {}, {}, open('10.0.4.7')],
    ['another one that is named', { listenIp: '10.9.9.9' }, {}, open('10.9.9.9')],
    ['the public one of its NAT', {}, { publicAddresses: ['2001:db8::7', '203.0.113.7'] }, behindNat],
    [
      'one that is public itself',
      { listenIp: '203.0.113.7' },
      { publicAddresses: ['203.0.113.7'] },
      open('203.0.113.7'),
    ],
  ])('is at %s', (_, turn, facts, address) => {
    const machine = machineFacts.parse({ nodeId: 'turn-1', privateAddress: '10.0.4.7', ...facts });
    expect(turnAddressOf(turnOf(turn), machine)).toEqual(address);
  });
});
