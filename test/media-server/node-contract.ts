import { dialRpc, type RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import { INTERNAL_VERSION, nodeClientContract, nodeContract } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { someRtpParameters } from './media-descriptions.ts';

/** A media node that takes meetings. */
export interface ContractNode {
  readonly nodeId: string;
  readonly rpcUrl: string;
  readonly token: string;
  /** Resolves when it takes no new meetings. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

type Socket = RpcSocket<typeof nodeClientContract, typeof nodeContract>;

/** A gateway's connection, and what it was told on it, in short: "participant.joined bob to n:ada". */
class Gateway {
  readonly told: string[];
  readonly socket: Socket;

  private constructor(socket: Socket, told: string[]) {
    this.socket = socket;
    this.told = told;
  }

  static async dial(node: ContractNode): Promise<Gateway> {
    const told: string[] = [];
    const nothing = () => {};
    const socket: Socket = await dialRpc(node.rpcUrl, node.token, {
      local: nodeClientContract,
      remote: nodeContract,
      handlers: {
        'consumer.new': ({ participantId, source, legId }) => {
          told.push(`consumer.new ${participantId} ${source} to ${legId}`);
        },
        'participant.joined': ({ participant, legId }) => {
          told.push(`participant.joined ${participant.participantId} to ${legId}`);
        },
        'participant.left': ({ participantId, legId }) => {
          told.push(`participant.left ${participantId} to ${legId}`);
        },
        'consumer.closed': nothing,
        'consumer.paused': nothing,
        'consumer.resumed': nothing,
        'leg.lost': nothing,
        'meeting.lost': nothing,
        'handover.open': () => ({ opened: [], failed: [] }),
        'handover.commit': () => ({}),
        'handover.abort': () => ({}),
      },
      pingMs: 0,
    });
    return new Gateway(socket, told);
  }

  hello(peerId = 'gateway-1', protocol = INTERNAL_VERSION) {
    return this.socket.request('link.hello', { peerId, role: 'gateway', protocol });
  }

  open(legId: string, participantId: string, place: { meetingId?: string; epoch?: number } = {}) {
    return this.socket.request('leg.open', {
      legId,
      meetingId: 'm',
      epoch: 1,
      participant: { participantId, displayName: participantId },
      incoming: false,
      reason: 'join',
      ...place,
    });
  }

  async ready(legId: string, participantId: string) {
    const opened = await this.open(legId, participantId);
    await this.socket.request('leg.ready', { legId, rtpCapabilities: opened.routerRtpCapabilities });
    return opened;
  }
}

/** What gateways and other nodes rely on: real media nodes and the fake of the control plane's tests keep it. */
export function describeNode(name: string, start: () => Promise<ContractNode>): void {
  describe(`what gateways ask of ${name}`, () => {
    let node: ContractNode;
    let gateway: Gateway;
    const gateways: Gateway[] = [];
    const dial = async () => {
      const dialled = await Gateway.dial(node);
      gateways.push(dialled);
      return dialled;
    };
    const refused = (asking: Promise<unknown>, code: string) =>
      expect(asking).rejects.toHaveProperty('code', code);
    const isThere = (legId: string) =>
      gateway.socket.request('leg.attach', { legId, meetingId: 'm', participantId: legId.slice(2) });

    beforeEach(async () => {
      node = await start();
      gateway = await dial();
      await gateway.hello();
    });
    afterEach(async () => {
      for (const { socket } of gateways.splice(0)) socket.terminate('test over');
      await node.close();
    });

    it('says who it is and is told once who asks, before anything else', async () => {
      const stranger = await dial();
      await refused(stranger.open('n:eve', 'eve'), 'BAD_REQUEST');
      expect(await stranger.hello('gateway-2')).toEqual({ nodeId: node.nodeId, protocol: INTERNAL_VERSION });
      await refused(stranger.hello('gateway-3'), 'CONFLICT');
    });

    it('speaks with those of the neighbouring version, and with no others', async () => {
      const newer = await dial();
      await refused(newer.hello('gateway-2', INTERNAL_VERSION + 2), 'BAD_REQUEST');
      await newer.hello('gateway-2', INTERNAL_VERSION + 1);
    });

    it('opens legs, tells each who is there, and those who are there who has come and gone', async () => {
      expect((await gateway.open('n:ada', 'ada')).participants).toEqual([]);
      const { participants } = await gateway.open('n:bob', 'bob');
      expect(participants).toEqual([{ participantId: 'ada', displayName: 'ada' }]);
      await gateway.socket.request('leg.close', { legId: 'n:bob' });
      await vi.waitFor(() =>
        expect(gateway.told).toEqual(['participant.joined bob to n:ada', 'participant.left bob to n:ada']),
      );
      await gateway.socket.request('leg.close', { legId: 'n:bob' });
    });

    it('offers what is published to those who are ready, and to those who come later', async () => {
      await gateway.ready('n:ada', 'ada');
      const { sendTransport } = await gateway.ready('n:bob', 'bob');
      await gateway.socket.request('producer.create', {
        legId: 'n:bob',
        transportId: sendTransport.id,
        source: 'microphone',
        kind: 'audio',
        rtpParameters: someRtpParameters('audio'),
        paused: false,
      });
      await gateway.ready('n:cy', 'cy');
      const offers = () => gateway.told.filter((told) => told.startsWith('consumer.new'));
      await vi.waitFor(() =>
        expect(offers()).toEqual([
          'consumer.new bob microphone to n:ada',
          'consumer.new bob microphone to n:cy',
        ]),
      );
    });

    it('refuses an older epoch than it has, and lets go of what it has for a newer one', async () => {
      await gateway.open('n:ada', 'ada', { epoch: 2 });
      await refused(gateway.open('n:bob', 'bob', { epoch: 1 }), 'EPOCH_STALE');
      await gateway.open('n:bob', 'bob', { epoch: 3 });
      await refused(isThere('n:ada'), 'LEG_UNKNOWN');
    });

    it('takes the newer leg of a participant for the older one, and tells nobody that somebody has left', async () => {
      await gateway.open('n:bob', 'bob');
      await gateway.open('n:ada', 'ada');
      await gateway.open('n:ada-2', 'ada');
      await refused(
        gateway.socket.request('leg.attach', { legId: 'n:ada', meetingId: 'm', participantId: 'ada' }),
        'LEG_UNKNOWN',
      );
      await gateway.open('n:cy', 'cy');
      await vi.waitFor(() => expect(gateway.told).toContain('participant.joined cy to n:bob'));
      expect(gateway.told.filter((told) => told.endsWith('to n:bob'))).toEqual([
        'participant.joined ada to n:bob',
        'participant.joined cy to n:bob',
      ]);
    });

    it('keeps legs whose gateway has gone; another one takes them up with all there is', async () => {
      await gateway.open('n:ada', 'ada');
      await gateway.open('n:bob', 'bob');
      gateway.socket.terminate('gone');
      const other = await dial();
      await other.hello('gateway-2');
      const snapshot = await other.socket.request('leg.attach', {
        legId: 'n:ada',
        meetingId: 'm',
        participantId: 'ada',
      });
      expect(snapshot).toEqual({
        legId: 'n:ada',
        nodeId: node.nodeId,
        epoch: 1,
        participants: [{ participantId: 'bob', displayName: 'bob' }],
        producers: [],
        consumers: [],
      });
    });

    it('lets one connection speak for a leg: the last that has attached it', async () => {
      const { sendTransport } = await gateway.ready('n:ada', 'ada');
      const other = await dial();
      await other.hello('gateway-2');
      await other.socket.request('leg.attach', { legId: 'n:ada', meetingId: 'm', participantId: 'ada' });
      const restart = { legId: 'n:ada', transportId: sendTransport.id };
      await refused(gateway.socket.request('transport.restartIce', restart), 'FORBIDDEN');
      // Its word that the participant has left is an old one.
      await gateway.socket.request('leg.close', { legId: 'n:ada' });
      await other.socket.request('transport.restartIce', restart);
    });

    it('lets nobody attach the leg of somebody else, or one that it does not have', async () => {
      await gateway.open('n:ada', 'ada');
      const attach = (legId: string, participantId: string) =>
        gateway.socket.request('leg.attach', { legId, meetingId: 'm', participantId });
      await refused(attach('n:ada', 'eve'), 'FORBIDDEN');
      await refused(attach('n:none', 'ada'), 'LEG_UNKNOWN');
    });

    it('while it is drained takes no new meeting, and whoever comes to one that is there', async () => {
      await gateway.open('n:ada', 'ada');
      await node.drain();
      await refused(gateway.open('n:eve', 'eve', { meetingId: 'another' }), 'NODE_DRAINING');
      await gateway.open('n:bob', 'bob');
    });

    it('prepares a meeting as often as it is told, and lets it be abandoned at that epoch alone', async () => {
      const at = (epoch: number) => ({ meetingId: 'm', epoch });
      await gateway.socket.request('meeting.prepare', at(2));
      await gateway.socket.request('meeting.prepare', at(2));
      await gateway.open('n:ada', 'ada', { epoch: 2 });
      await gateway.socket.request('meeting.abandon', at(1));
      await isThere('n:ada');
      await gateway.socket.request('meeting.abandon', at(2));
      await refused(isThere('n:ada'), 'LEG_UNKNOWN');
    });

    it('keeps a meeting that has become its own, whoever says that it was given up', async () => {
      const at = (epoch: number) => ({ meetingId: 'm', epoch });
      await gateway.socket.request('meeting.prepare', at(2));
      await gateway.open('n:ada', 'ada', { epoch: 2 });
      await refused(gateway.socket.request('meeting.adopt', at(3)), 'EPOCH_STALE');
      await gateway.socket.request('meeting.adopt', at(2));
      await gateway.socket.request('meeting.adopt', at(2));
      await gateway.socket.request('meeting.abandon', at(2));
      await isThere('n:ada');
    });
  });
}
