import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDocument, checkWords } from '../../../cli/check/check-report.ts';
import { checkServer, outcomesOf } from '../../../cli/check/check-server.ts';
import { Platform } from '../../media-server/control-plane/platform.ts';

async function portOfNobody(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

describe('holdfast check', () => {
  let platform: Platform;
  let turnPort: number;
  beforeEach(async () => {
    turnPort = await portOfNobody();
    const iceServers = [{ urls: `turn:127.0.0.1:${turnPort}?transport=tcp`, username: 'u', credential: 'c' }];
    platform = await Platform.start({ config: { openJoin: true, iceServers } });
    await platform.node('n1');
  });
  afterEach(() => platform.close());

  it('joins, tries what is offered, and leaves', async () => {
    const check = await checkServer(platform.baseUrl);
    expect(check.signalling).toMatchObject({ works: true, why: null });
    expect(check.signalling.roundTripMs).toBeGreaterThanOrEqual(0);
    // The fake node listens nowhere, and nobody at the TURN server's port.
    expect(check.addresses).toMatchObject([
      {
        path: 'turn-tcp',
        at: `127.0.0.1:${turnPort}`,
        works: false,
        why: expect.stringContaining('ECONNREFUSED'),
      },
    ]);
    const document = checkDocument(check);
    expect(document).toMatchObject({ works: false, willUse: null });
    expect(document.toOpen).toEqual([`TCP to 127.0.0.1:${turnPort}, the TURN server`]);
    expect(checkWords(check)).toContain('Meetings do not work from this network');
    expect(await platform.metric('holdfast_sessions{state="connected"}')).toBe(0);
  });

  it('takes a token where only applications let people in', async () => {
    const check = await checkServer(platform.baseUrl, await platform.token('ada'));
    expect(check.signalling.works).toBe(true);
    const refused = await checkServer(platform.baseUrl, 'no token');
    expect(refused.signalling.works).toBe(false);
  });

  it('says why nobody gets in', async () => {
    const url = `http://127.0.0.1:${await portOfNobody()}`;
    const check = await checkServer(url);
    expect(check).toMatchObject({ signalling: { works: false }, addresses: [] });
    expect(check.signalling.why).toContain('ECONNREFUSED');
    expect(checkWords(check)).toContain(`${url} cannot be joined`);
    expect(checkDocument(check)).toMatchObject({ works: false, willUse: null, toOpen: [] });
  });

  it('counts a path as working when one of its addresses does', () => {
    const tried = (at: string, roundTripMs: number | null) => ({
      ...{ path: 'udp' as const, at, roundTripMs },
      ...{ works: roundTripMs !== null, why: roundTripMs === null ? 'no answer' : null },
    });
    expect(outcomesOf([tried('a:1', null), tried('b:1', 30), tried('c:1', 20)])).toEqual([
      { path: 'udp', at: ['a:1', 'b:1', 'c:1'], works: true, roundTripMs: 20 },
    ]);
  });
});
