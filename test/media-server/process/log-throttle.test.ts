import { LogThrottle } from '@holdfast/media-server/process/log-throttle.ts';
import { expect, it } from 'vitest';

it('lets one line of a kind through in a second, with how many went unwritten', () => {
  const throttle = new LogThrottle();
  expect(throttle.due('a', 0)).toBe(0);
  for (let i = 1; i <= 100; i += 1) expect(throttle.due('a', i)).toBeUndefined();
  expect(throttle.due('b', 100)).toBe(0);
  expect(throttle.due('a', 1000)).toBe(100);
  expect(throttle.due('a', 2000)).toBe(0);
});

it('does not grow with the number of kinds', () => {
  const throttle = new LogThrottle();
  const written = Array.from({ length: 1000 }, (_, i) => throttle.due(`kind ${i}`, 0)).filter(
    (unwritten) => unwritten !== undefined,
  );
  expect(written.length).toBeLessThan(40);
});
