import type { AddressInfo } from 'node:net';
import { RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type Agreement,
  type HeldMeeting,
  HoldfastError,
  INTERNAL_VERSION,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { type MachineNews, RegistryLink } from '@holdfast/media-server/registration/registry-link.ts';
import { relaysNothing } from '@holdfast/media-server/registration/relays-nothing.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { localMachine } from '../machine-kind.ts';
import { oneWorker, someLoad, someMeeting } from '../node-facts.ts';
import { ManualClock } from '../process/manual-clock.ts';

const refuse = (): never => {
  throw new HoldfastError('METHOD_UNKNOWN', 'nothing is moved here');
};

describe("a machine's word to the control plane", () => {
  let server: WebSocketServer;
  let link: RegistryLink;
  let clock: ManualClock;
  let news: MachineNews;
  let heard: { method: string; meetings: readonly HeldMeeting[] }[];
  let agreed: Agreement[];

  beforeEach(async () => {
    clock = new ManualClock();
    heard = [];
    agreed = [];
    const drain = { state: 'active' } as const;
    news = { drain, load: someLoad(), meetings: [someMeeting({ meetingId: 'm', epoch: 1 })] };
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const verdict = { superseded: [], adopt: [] };
    server.on('connection', (ws) => {
      new RpcSocket(ws, {
        local: registryContract,
        remote: registryClientContract,
        handlers: {
          'node.register': ({ meetings }) => {
            heard.push({ method: 'node.register', meetings });
            // No regular heartbeat comes within a test: what is heard was said because something had changed.
            return { heartbeatMs: 3_600_000, resumeMs: 45_000, protocol: INTERNAL_VERSION, ...verdict };
          },
          'node.heartbeat': ({ meetings }) => {
            heard.push({ method: 'node.heartbeat', meetings });
            return verdict;
          },
          'node.leaving': () => {},
          'meeting.ended': refuse,
          'move.reserve': refuse,
          'move.commit': refuse,
          'move.status': refuse,
          'move.abort': refuse,
        },
        pingMs: 0,
      });
    });
    await new Promise((resolve) => server.once('listening', resolve));
    link = new RegistryLink({
      identity: {
        nodeId: 'n1',
        rpcUrl: 'ws://127.0.0.1:1/rpc',
        generation: 'g1',
        version: '1',
        startedAtMs: 1,
        ...localMachine,
        capacity: oneWorker,
      },
      urls: [`ws://127.0.0.1:${(server.address() as AddressInfo).port}/internal/nodes`],
      secrets: { HOLDFAST_CLUSTER_TOKEN: 'a-token-of-thirty-two-characters' },
      facts: () => news,
      measure: async () => {},
      handlers: {
        'node.drain': () => news.drain,
        'node.cancelDrain': () => news.drain,
        'relay.end': relaysNothing,
      },
      agreed: (agreement) => agreed.push(agreement),
      obey: () => {},
      clock,
      log: pino({ level: 'silent' }),
    });
    link.start();
    await clock.until(() => link.registered);
  });
  afterEach(async () => {
    await link.close();
    server.close();
  });

  it('goes by what the control plane says both hold for the same', () => {
    expect(agreed).toEqual([{ heartbeatMs: 3_600_000, resumeMs: 45_000 }]);
  });

  it('says at once where a meeting is, and nothing at once of what is only more or less of the same', async () => {
    const [meeting] = news.meetings;
    if (!meeting) throw new Error('there is a meeting');
    for (let mute = 0; mute < 50; mute += 1) {
      news = { ...news, load: someLoad(mute / 100), meetings: [{ ...meeting, participants: mute }] };
      link.changed();
    }
    expect(clock.pendingTimers).toBe(0);
    news = { ...news, meetings: [{ ...meeting, epoch: 2 }] };
    for (let times = 0; times < 50; times += 1) link.changed();
    await clock.until(() => heard.length > 1);
    expect(heard.map(({ method, meetings }) => [method, meetings[0]?.epoch])).toEqual([
      ['node.register', 1],
      ['node.heartbeat', 2],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is all said again when the connection has broken', async () => {
    news = { ...news, meetings: [someMeeting({ meetingId: 'other', epoch: 7 })] };
    for (const ws of server.clients) ws.terminate();
    await clock.until(() => heard.length > 1);
    expect(heard[1]).toMatchObject({
      method: 'node.register',
      meetings: [{ meetingId: 'other', epoch: 7 }],
    });
    await clock.until(() => link.registered);
  });
});
