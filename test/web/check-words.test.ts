import { describe, expect, it } from 'vitest';
import { hostAndPort, type PathOutcome, verdict } from '../../media-server/web/lib/check-words.ts';

const at = {
  udp: 'node:1',
  tcp: 'node:1',
  'turn-udp': 'turn:3478',
  'turn-tcp': 'turn:3478',
  'turn-tls': 'turn:443',
};
const paths = ['udp', 'tcp', 'turn-udp', 'turn-tcp', 'turn-tls'] as const;
/** These work, the others are offered and blocked. */
const outcomes = (...working: readonly PathOutcome['path'][]): PathOutcome[] =>
  paths.map((path) => {
    const works = working.includes(path);
    return { path, at: [at[path]], works, roundTripMs: works ? 20 : null };
  });

describe('the verdict on a network', () => {
  it('names the path that browsers choose among those that work', () => {
    expect(verdict(outcomes('udp', 'turn-tls')).willUse).toBe('udp');
    expect(verdict(outcomes('turn-tls', 'tcp', 'turn-udp')).willUse).toBe('tcp');
    expect(verdict(outcomes('turn-tls')).willUse).toBe('turn-tls');
    expect(verdict(outcomes()).willUse).toBeUndefined();
  });

  it('wants nothing opened where the best path works', () => {
    expect(verdict(outcomes('udp')).toOpen).toEqual([]);
  });

  it('says what to open for a better one, the best first', () => {
    expect(verdict(outcomes('turn-udp', 'turn-tls')).toOpen).toEqual([
      'UDP to node:1, the media server itself',
      'TCP to node:1, the media server itself',
    ]);
    expect(verdict(outcomes()).toOpen).toHaveLength(5);
  });

  it('does not speak of what the server does not offer', () => {
    const direct = outcomes().filter(({ path }) => path === 'udp' || path === 'tcp');
    expect(verdict(direct).toOpen).toHaveLength(2);
    expect(verdict([]).title).toBe('Nothing could be tried');
  });

  it('is in plain words', () => {
    for (const working of [[], ...paths.map((path) => [path])]) {
      const { title, advice } = verdict(outcomes(...working));
      expect(`${title} ${advice}`).not.toMatch(/UDP|TCP|TURN|ICE|NAT/);
    }
  });

  it('writes addresses so that the port can be told', () => {
    expect(hostAndPort('2001:db8::1', 443)).toBe('[2001:db8::1]:443');
    expect(hostAndPort('turn.example.org', 443)).toBe('turn.example.org:443');
  });
});
