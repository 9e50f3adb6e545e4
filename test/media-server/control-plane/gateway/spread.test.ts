import { spreadMsFor } from '@holdfast/media-server/control-plane/gateway/spread.ts';
import { expect, it } from 'vitest';

it('a few come back at once, many over a while', () => {
  expect(spreadMsFor(2)).toBeLessThan(10);
  expect(spreadMsFor(10_000)).toBe(20_000);
});
