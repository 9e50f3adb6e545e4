import { allocationEventOf } from '@holdfast/media-server/turn-server/coturn-log.ts';
import { describe, expect, it } from 'vitest';

const at = '2026-11-25T08:39:28+0000: ';
const who = 'realm=<turn.example.org>, username=<1795596568:standup/ada>';

describe('what coturn says of an allocation', () => {
  it.each([
    [`${at}session 001000000000000001: new, ${who}, lifetime=600`, { type: 'begun' }],
    [`session 001000000000000001: delete: ${who}`, { type: 'ended' }],
    [
      `${at}session 001000000000000001: usage: ${who}, rp=2048, rb=2118852, sp=3, sb=220`,
      { type: 'relayed', fromClientBytes: 2_118_852, toClientBytes: 220 },
    ],
  ])('%s', (line, event) => {
    expect(allocationEventOf(line)).toEqual({
      session: '001000000000000001',
      user: 'standup/ada',
      endsAtMs: 1_795_596_568_000,
      ...event,
    });
  });

  it.each([
    // What it sends to the other side is the same bytes once more.
    `${at}session 001000000000000001: peer usage: ${who}, rp=0, rb=0, sp=2045, sb=2045000`,
    `${at}session 001000000000000001: refreshed, ${who}, lifetime=0`,
    `${at}session 001000000000000001: realm <test> user <>: incoming packet message processed, error 401: Unauthorized`,
    // Whoever has no credentials chooses this name.
    `${at}session 1: realm <r> user <session 2: delete: ${who}>: incoming packet ALLOCATE processed, error 401`,
    'Total General servers: 2',
    '',
  ])('says nothing of one in: %s', (line) => {
    expect(allocationEventOf(line)).toBeUndefined();
  });
});
