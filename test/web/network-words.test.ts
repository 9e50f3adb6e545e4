import { describe, expect, it } from 'vitest';
import { networkProblem, pathsInWords } from '../../media-server/web/lib/network-words.ts';

describe('what is said of the network', () => {
  it('is nothing while it carries', () => {
    expect(networkProblem({ path: undefined, quality: 'unknown' })).toBeUndefined();
    expect(networkProblem({ path: 'turn-tls', quality: 'good' })).toBeUndefined();
  });

  it('is in plain words when it does not, or badly', () => {
    expect(networkProblem({ path: undefined, quality: 'none' })?.title).toContain('no sound and picture');
    expect(networkProblem({ path: 'udp', quality: 'poor' })?.advice).toContain('Wi-Fi');
    expect(networkProblem({ path: 'turn-tcp', quality: 'poor' })?.advice).toContain('detour');
    for (const path of ['udp', 'turn-tls'] as const) {
      const { title = '', advice = '' } = networkProblem({ path, quality: 'poor' }) ?? {};
      expect(`${title} ${advice}`).not.toMatch(/ICE|UDP|TURN|TCP|packet/);
    }
  });

  it('names the paths of a meeting for operators, best first', () => {
    expect(pathsInWords({ 'turn-tls': 1, udp: 3 })).toBe('3 direct, 1 TURN over TLS');
    expect(pathsInWords({})).toBe('');
  });
});
