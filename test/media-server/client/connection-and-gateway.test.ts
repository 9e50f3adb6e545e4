import {
  Connection,
  type ConnectionState,
  type ResumedLegs,
} from '@holdfast/media-server/client/connection.ts';
import { tokenView } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SilentProxy } from '../../../cli/observe/silent-proxy.ts';
import { Platform } from '../control-plane/platform.ts';
import { ignoringEverything } from './ignoring-everything.ts';

/** The browser's connection and a real control plane, with a network between them that forgets. */
let platform: Platform;
let proxy: SilentProxy;
beforeEach(async () => {
  platform = await Platform.start({ config: { openJoin: true } });
  proxy = await SilentProxy.start(`http://127.0.0.1:${platform.port}`);
});
afterEach(async () => {
  await proxy.close();
  await platform.close();
});

async function freshToken(): Promise<string> {
  const response = await platform.api('POST', '/v1/join', undefined, {
    meetingId: 'm1',
    displayName: 'Ada',
  });
  return tokenView.parse(await response.json()).token;
}

it('a WebSocket that dies without a word is replaced by a second one, and the legs go on', async () => {
  await platform.node('n1');
  const legs = Promise.withResolvers<ResumedLegs>();
  const states: ConnectionState[] = [];
  const log: string[] = [];
  let known: ResumedLegs = [];
  const connection = new Connection({
    openSocket: () => new WebSocket(new URL('/v1/signal', proxy.baseUrl.replace('http:', 'ws:'))),
    handlers: {
      ...ignoringEverything,
      'leg.open': ({ legId, nodeId, epoch }) => legs.resolve([{ legId, nodeId, epoch }]),
      'leg.close': ({ reason }) => {
        log.push(`leg closed: ${reason}`);
      },
    },
    legs: () => known,
    mediaLostAtMs: () => undefined,
    onResumed: (result) => log.push(`resumed with ${result.legs.map(({ legId }) => legId).join()}`),
    onRejoined: () => log.push('rejoined'),
    onStateChanged: (state) => states.push(state),
    onOver: ({ code }) => log.push(`over: ${code}`),
    onProblem: ({ code }) => log.push(code),
  });
  await connection.join(freshToken);
  known = await legs.promise;
  proxy.swallow();
  await connection.request('ping', {});
  expect(states).toEqual(['open', 'suspect', 'open']);
  expect(log).toEqual([`resumed with ${known.map(({ legId }) => legId).join()}`]);
  await connection.leave();
});
