import { RelayBans } from '@holdfast/media-server/turn-server/relay-bans.ts';
import { expect, it } from 'vitest';

it('bans what is begun with credentials that somebody has already, and none that come later', () => {
  const bans = new RelayBans();
  bans.add('m/ada', 5000);
  bans.add('m/ada', 3000);
  expect(bans.bans({ user: 'm/ada', endsAtMs: 5000 })).toBe(true);
  expect(bans.bans({ user: 'm/ada', endsAtMs: 6000 })).toBe(false);
  expect(bans.bans({ user: 'm/ben', endsAtMs: 1000 })).toBe(false);
  bans.forget(4000);
  expect(bans.bans({ user: 'm/ada', endsAtMs: 5000 })).toBe(true);
  bans.forget(5001);
  expect(bans.bans({ user: 'm/ada', endsAtMs: 5000 })).toBe(false);
});
