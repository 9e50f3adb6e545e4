import { describe, expect, it } from 'vitest';
import { meetingPath, routeOf } from '../../media-server/web/lib/route.ts';

describe('routeOf', () => {
  it('knows the pages', () => {
    expect(routeOf('/', '')).toEqual({ page: 'home' });
    expect(routeOf('/operator', '')).toEqual({ page: 'operator' });
    expect(routeOf('/operator/', '')).toEqual({ page: 'operator' });
    expect(routeOf('/check', '')).toEqual({ page: 'check' });
  });

  it('reads meeting, name and join from the address', () => {
    expect(routeOf('/m/Team-1', '?name=Ada%20L&join=1')).toEqual({
      page: 'meeting',
      meetingId: 'Team-1',
      name: 'Ada L',
      joinNow: true,
    });
  });

  it('shows the lobby unless join is exactly 1', () => {
    expect(routeOf('/m/x', '?join=true')).toMatchObject({ joinNow: false, name: '' });
  });

  it('cuts a name to what the protocol allows', () => {
    expect(routeOf('/m/x', `?name=${'a'.repeat(200)}`)).toMatchObject({ name: 'a'.repeat(80) });
  });

  it.each(['/m', '/m/', '/m/a/b', '/m/-x', '/m/a%20b', '/m/%E0%A4%A', '/nope', '/check/x', '/operator/x'])(
    'does not take %s for a page',
    (path) => {
      expect(routeOf(path, '')).toEqual({ page: 'not-found' });
    },
  );

  it('reads back the addresses it makes', () => {
    const [path = '', search = ''] = meetingPath('a.b_c-1', 'Zoë & Co').split('?');
    expect(routeOf(path, `?${search}`)).toMatchObject({ meetingId: 'a.b_c-1', name: 'Zoë & Co' });
  });
});
