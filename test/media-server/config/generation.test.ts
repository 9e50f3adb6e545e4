import { generationOf } from '@holdfast/media-server/config/index.ts';
import { describe, expect, it } from 'vitest';

const told = { media: { listenIp: '0.0.0.0', port: 40_000 }, urls: ['a', 'b'], rate: 0.5 };

describe('a generation', () => {
  it('is the same for the same configuration, whatever order its keys are in', () => {
    const again = { rate: 0.5, urls: ['a', 'b'], media: { port: 40_000, listenIp: '0.0.0.0' } };
    expect(generationOf(again)).toBe(generationOf(told));
    expect(generationOf(told)).toMatch(/^[0-9a-f]{12}$/);
  });

  it.each([
    ['a value', { ...told, rate: 0.6 }],
    ['a value deep inside', { ...told, media: { ...told.media, port: 40_001 } }],
    ['the order of a list', { ...told, urls: ['b', 'a'] }],
    ['one more key', { ...told, more: true }],
  ])('is another one when %s changes', (_what, changed) => {
    expect(generationOf(changed)).not.toBe(generationOf(told));
  });
});
