import { describe, expect, it } from 'vitest';
import { takeFragmentToken } from '../../media-server/web/lib/fragment-token.ts';

function addressBar(hash: string) {
  const shown: string[] = [];
  return {
    shown,
    location: { hash, pathname: '/m/x', search: '?name=Ada' },
    history: { state: null, replaceState: (_: unknown, __: string, url: unknown) => shown.push(String(url)) },
  };
}

describe('takeFragmentToken', () => {
  it('takes the token and removes it from the address at once', () => {
    const bar = addressBar('#token=abc.def');
    expect(takeFragmentToken(bar)).toBe('abc.def');
    expect(bar.shown).toEqual(['/m/x?name=Ada']);
  });

  it('keeps the rest of the fragment', () => {
    const bar = addressBar('#a=1&token=t');
    expect(takeFragmentToken(bar)).toBe('t');
    expect(bar.shown).toEqual(['/m/x?name=Ada#a=1']);
  });

  it('leaves an address without a token alone', () => {
    const bar = addressBar('#people');
    expect(takeFragmentToken(bar)).toBeUndefined();
    expect(bar.shown).toEqual([]);
  });

  it('takes an empty token for none', () => {
    expect(takeFragmentToken(addressBar('#token='))).toBeUndefined();
  });
});
