import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sharesOf } from '@holdfast/media-server/capacity/meeting-load.ts';
import { hasBearer } from '@holdfast/media-server/process/bearer.ts';
import { dialRpc, RpcSocket } from '@holdfast/media-server/process/rpc-socket.ts';
import {
  type ConsumerNew,
  commonVersion,
  type DrainReport,
  type Handlers,
  type HeldMeeting,
  HoldfastError,
  INTERNAL_VERSION,
  type LegSnapshot,
  type MediaSource,
  type NodeAddress,
  nodeClientContract,
  nodeContract,
  type ParamsOf,
  type ParticipantInfo,
  type ResultOf,
  registryClientContract,
  registryContract,
} from '@holdfast/media-server/protocol/index.ts';
import { relaysNothing } from '@holdfast/media-server/registration/relays-nothing.ts';
import { type WebSocket, WebSocketServer } from 'ws';
import { localMachine } from '../machine-kind.ts';
import { someDtlsParameters, someRtpParameters } from '../media-descriptions.ts';
import { oneWorker, someLoad, someMeeting } from '../node-facts.ts';

export interface FakeMediaNodeOptions {
  readonly nodeId: string;
  readonly token: string;
  readonly controlPlaneUrl: string;
  readonly stress?: number | null;
  /** Between two attempts to reach the control plane, ms. */
  readonly retryMs?: number;
}

type Link = RpcSocket<typeof nodeContract, typeof nodeClientContract>;
type RegistryLink = RpcSocket<typeof registryClientContract, typeof registryContract>;

interface FakeProducer {
  readonly producerId: string;
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  paused: boolean;
}
interface FakeLeg {
  readonly legId: string;
  readonly participant: ParticipantInfo;
  link: Link | undefined;
  ready: boolean;
  readonly producers: Map<string, FakeProducer>;
  readonly consumers: Map<string, ConsumerNew>;
}
interface FakeMeeting {
  readonly id: string;
  readonly epoch: number;
  role: HeldMeeting['role'];
  readonly legs: Map<string, FakeLeg>;
}

const transport = (id: string) => ({
  id,
  iceParameters: { usernameFragment: id, password: 'p' },
  iceCandidates: [],
  dtlsParameters: someDtlsParameters,
});

/** A media node without media: legs, epochs and registration behave, streams are only announced. Held to `node-contract.ts`. */
export class FakeMediaNode {
  readonly nodeId: string;
  readonly meetings = new Map<string, FakeMeeting>();
  /** What it was asked, in order: "leg.open ada". */
  readonly asked: string[] = [];
  readonly progress: ParamsOf<typeof nodeContract, 'handover.progress'>[] = [];
  drain: DrainReport = { state: 'active' };
  /** Says nothing to the registry of its own accord. */
  quiet = false;
  /** Answers nothing any more, as if it hung. */
  hanging = false;
  /** Opens legs this slowly, ms. */
  openDelayMs = 0;
  readonly #options: FakeMediaNodeOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #links = new Set<Link>();
  readonly #abort = new AbortController();
  #registry: RegistryLink | undefined;
  #mayRegister = true;
  #running: Promise<void> | undefined;
  #port = 0;
  #ids = 0;

  private constructor(options: FakeMediaNodeOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
    this.#http = createServer();
    this.#http.on('upgrade', (request, socket, head) => {
      if (!hasBearer(request.headers.authorization, options.token)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
  }

  static async start(options: FakeMediaNodeOptions): Promise<FakeMediaNode> {
    const node = new FakeMediaNode(options);
    node.#http.listen(0, '127.0.0.1');
    await once(node.#http, 'listening');
    const address = node.#http.address();
    node.#port = typeof address === 'object' && address ? address.port : 0;
    node.#running = node.#keepRegistered();
    return node;
  }

  get address(): NodeAddress {
    return { nodeId: this.nodeId, rpcUrl: `ws://127.0.0.1:${this.#port}/rpc` };
  }

  get registered(): boolean {
    return this.#registry?.open === true;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  participants(meetingId: string): string[] {
    return people(this.meetings.get(meetingId)).map(({ participantId }) => participantId);
  }

  /** Gone from one moment to the next: every connection breaks, nothing answers. */
  async kill(): Promise<void> {
    this.#abort.abort();
    this.#registry?.terminate('killed');
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await Promise.all([this.#running, this.#http.listening && new Promise((done) => this.#http.close(done))]);
  }

  /** Its gateways lose their connections; it lives. */
  breakLinks(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** From now on it stays away from the registry, until told otherwise. */
  leaveRegistry(): void {
    this.#mayRegister = false;
    this.#registry?.terminate('left');
  }

  returnToRegistry(): void {
    this.#mayRegister = true;
  }

  /** Says goodbye as a node does that stops on purpose. */
  async leave(): Promise<void> {
    this.#registry?.notify('node.leaving', { nodeId: this.nodeId });
    await this.kill();
  }

  async heartbeat(): Promise<void> {
    await this.#registry?.request('node.heartbeat', { nodeId: this.nodeId, ...this.#facts() });
  }

  /** The worker under a meeting dies. */
  loseMeeting(meetingId: string): void {
    const meeting = this.#meeting(meetingId);
    this.meetings.delete(meetingId);
    for (const link of this.#links) link.notify('meeting.lost', { meetingId, epoch: meeting.epoch });
  }

  /** The transports of one leg break; the leg itself stays until another one takes its place. */
  loseLeg(legId: string): void {
    for (const link of this.#links) link.notify('leg.lost', { legId });
  }

  // The steps of a handover, as the node that the meeting leaves takes them.

  async reserve(
    meetingId: string,
    exclude: string[] = [],
  ): Promise<ResultOf<typeof registryContract, 'move.reserve'>> {
    const { epoch } = this.#meeting(meetingId);
    const params = { meetingId, epoch, nodeId: this.nodeId, shares: [...sharesOf(40)], exclude };
    const reserved = await this.#ask().request('move.reserve', params);
    this.#meeting(meetingId).role = 'outgoing';
    return reserved;
  }

  async prepare(meetingId: string, { target, epoch }: { target: NodeAddress; epoch: number }): Promise<void> {
    const socket = await dialRpc(target.rpcUrl, this.#options.token, {
      local: {},
      remote: nodeContract,
      handlers: {},
      pingMs: 0,
    });
    await socket.request('link.hello', {
      peerId: this.nodeId,
      role: 'node',
      protocol: INTERNAL_VERSION,
    });
    await socket.request('meeting.prepare', { meetingId, epoch });
    socket.close('prepared');
  }

  async openSecondLegs(meetingId: string, { target, epoch }: { target: NodeAddress; epoch: number }) {
    const participants = people(this.#meeting(meetingId)).map(({ participantId }, rank) => ({
      participantId,
      publishDelayMs: rank * 400,
      initialOutgoingBitrateBps: 1_000_000,
    }));
    const results = [];
    for (const link of this.#links) {
      results.push(await link.request('handover.open', { meetingId, epoch, target, participants }));
    }
    return results;
  }

  /** The directory moves, and no gateway is told. */
  async commitQuietly(meetingId: string, { target }: { target: NodeAddress }): Promise<void> {
    const { epoch } = this.#meeting(meetingId);
    await this.#ask().request('move.commit', {
      meetingId,
      epoch,
      nodeId: this.nodeId,
      target: target.nodeId,
    });
  }

  async commit(meetingId: string, { target, epoch }: { target: NodeAddress; epoch: number }): Promise<void> {
    await this.commitQuietly(meetingId, { target });
    for (const link of this.#links) await link.request('handover.commit', { meetingId, epoch, target });
    this.meetings.delete(meetingId);
  }

  async abort(meetingId: string, { target, epoch }: { target: NodeAddress; epoch: number }): Promise<void> {
    const meeting = this.#meeting(meetingId);
    const params = { meetingId, epoch: meeting.epoch, nodeId: this.nodeId, target: target.nodeId };
    await this.#ask().request('move.abort', params);
    meeting.role = 'home';
    for (const link of this.#links) await link.request('handover.abort', { meetingId, epoch, target });
  }

  async #keepRegistered(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (this.#mayRegister) await this.#serveRegistry().catch(() => {});
      await delay(this.#options.retryMs ?? 20, undefined, { signal }).catch(() => {});
    }
  }

  async #serveRegistry(): Promise<void> {
    const socket: RegistryLink = await dialRpc(this.#options.controlPlaneUrl, this.#options.token, {
      local: registryClientContract,
      remote: registryContract,
      handlers: {
        'node.drain': ({ by, reason, withinMs }) => {
          this.drain = {
            state: 'draining',
            by: [by],
            reason,
            ...(withinMs === undefined ? {} : { remainingMs: withinMs }),
          };
          return this.drain;
        },
        'node.cancelDrain': () => {
          this.drain = { state: 'active' };
          return this.drain;
        },
        'relay.end': relaysNothing,
      },
      pingMs: 0,
      signal: this.#abort.signal,
    });
    const { heartbeatMs } = await socket.request('node.register', {
      ...this.address,
      generation: 'g1',
      version: '1',
      startedAtMs: 1,
      ...localMachine,
      capacity: oneWorker,
      ...this.#facts(),
    });
    this.#registry = socket;
    const timer = setInterval(() => {
      if (!this.hanging && !this.quiet) this.heartbeat().catch(() => {});
    }, heartbeatMs);
    await socket.closed;
    clearInterval(timer);
  }

  #facts() {
    const meetings = [...this.meetings.values()].map(({ id, epoch, role, legs }) =>
      someMeeting({ meetingId: id, epoch, role, participants: legs.size }),
    );
    const { stress = 0.1 } = this.#options;
    return { drain: this.drain, load: someLoad(stress), meetings };
  }

  #ask(): RegistryLink {
    if (!this.#registry) throw new Error('not registered');
    return this.#registry;
  }

  #meeting(meetingId: string): FakeMeeting {
    const meeting = this.meetings.get(meetingId);
    if (!meeting) throw new HoldfastError('MEETING_UNKNOWN', `${this.nodeId} has no meeting ${meetingId}`);
    return meeting;
  }

  #openMeeting(meetingId: string, epoch: number, role: HeldMeeting['role']): FakeMeeting {
    const known = this.meetings.get(meetingId);
    if (known?.epoch === epoch) return known;
    if (known && known.epoch > epoch) throw new HoldfastError('EPOCH_STALE', `at epoch ${known.epoch}`);
    if (this.drain.state !== 'active') throw new HoldfastError('NODE_DRAINING', 'takes no new meetings');
    const meeting: FakeMeeting = { id: meetingId, epoch, role, legs: new Map() };
    this.meetings.set(meetingId, meeting);
    return meeting;
  }

  #leg(legId: string): { meeting: FakeMeeting; leg: FakeLeg } {
    for (const meeting of this.meetings.values()) {
      const leg = meeting.legs.get(legId);
      if (leg) return { meeting, leg };
    }
    throw new HoldfastError('LEG_UNKNOWN', `${this.nodeId} has no leg ${legId}`);
  }

  #serve(ws: WebSocket): void {
    const link: Link = new RpcSocket(ws, {
      local: nodeContract,
      remote: nodeClientContract,
      handlers: this.#handlers(() => link),
      pingMs: 0,
      timeoutMs: 3000,
    });
    this.#links.add(link);
    void link.closed.then(() => {
      this.#links.delete(link);
      for (const { legs } of this.meetings.values()) {
        for (const leg of legs.values()) if (leg.link === link) leg.link = undefined;
      }
    });
  }

  #handlers(connection: () => Link): Handlers<typeof nodeContract> {
    let greeted = false;
    const link = () => {
      if (!greeted) throw new HoldfastError('BAD_REQUEST', 'the first request must be link.hello');
      return connection();
    };
    const mine = (legId: string) => {
      const found = this.#leg(legId);
      if (found.leg.link !== link()) throw new HoldfastError('FORBIDDEN', 'attach the leg first');
      return found;
    };
    const note = async (what: string): Promise<void> => {
      this.asked.push(what);
      if (this.hanging) await new Promise(() => {});
    };
    const done = async (legId: string, what: string) => {
      await note(`${what} ${mine(legId).leg.participant.participantId}`);
      return {};
    };
    return {
      'link.hello': async ({ protocol }) => {
        await note('link.hello');
        if (greeted) throw new HoldfastError('CONFLICT', 'said already');
        commonVersion(protocol);
        greeted = true;
        return { nodeId: this.nodeId, protocol: INTERNAL_VERSION };
      },
      'meeting.prepare': ({ meetingId, epoch }) => {
        this.#openMeeting(meetingId, epoch, 'incoming');
        return {};
      },
      'meeting.abandon': ({ meetingId, epoch }) => {
        const meeting = this.meetings.get(meetingId);
        if (meeting?.epoch === epoch && meeting.role === 'incoming') this.meetings.delete(meetingId);
        return {};
      },
      'meeting.adopt': async ({ meetingId, epoch }) => {
        await note(`meeting.adopt ${meetingId}`);
        const meeting = this.meetings.get(meetingId);
        if (meeting?.epoch !== epoch) throw new HoldfastError('EPOCH_STALE', `not at epoch ${epoch}`);
        meeting.role = 'home';
        return {};
      },
      'leg.open': async ({ legId, meetingId, epoch, participant, incoming }) => {
        const speaker = link();
        await note(`leg.open ${participant.participantId}`);
        if (this.openDelayMs > 0) await delay(this.openDelayMs);
        const meeting = this.#openMeeting(meetingId, epoch, incoming ? 'incoming' : 'home');
        return this.#openLeg(meeting, legId, participant, speaker);
      },
      'leg.attach': async ({ legId, meetingId, participantId }) => {
        await note(`leg.attach ${participantId}`);
        const { meeting, leg } = this.#leg(legId);
        if (meeting.id !== meetingId || leg.participant.participantId !== participantId)
          throw new HoldfastError('FORBIDDEN', 'not yours');
        leg.link = link();
        return snapshotOf(this.nodeId, meeting, leg);
      },
      'leg.close': ({ legId }) => {
        this.asked.push(`leg.close ${legId}`);
        if (this.#speaksFor(link(), legId)) this.#closeLeg(legId);
        return {};
      },
      'handover.progress': (params) => {
        this.progress.push(params);
      },
      'leg.ready': async ({ legId }) => {
        const { meeting, leg } = mine(legId);
        leg.ready = true;
        for (const other of othersOf(meeting, leg)) {
          for (const producer of other.producers.values()) this.#offer(leg, other, producer);
        }
        return {};
      },
      'transport.connect': ({ legId }) => done(legId, 'transport.connect'),
      'transport.restartIce': ({ legId }) => {
        mine(legId);
        return { iceParameters: { usernameFragment: 'new', password: 'p' } };
      },
      'producer.create': async ({ legId, source, kind, paused }) => {
        await note(`producer.create ${source}`);
        const { meeting, leg } = mine(legId);
        const producer = { producerId: this.#id('producer'), source, kind, paused };
        leg.producers.set(producer.producerId, producer);
        for (const other of othersOf(meeting, leg)) this.#offer(other, leg, producer);
        return { producerId: producer.producerId };
      },
      'producer.pause': ({ legId }) => done(legId, 'producer.pause'),
      'producer.resume': ({ legId }) => done(legId, 'producer.resume'),
      'producer.close': ({ legId }) => done(legId, 'producer.close'),
      'consumer.ready': ({ legId }) => done(legId, 'consumer.ready'),
      'consumer.pause': ({ legId }) => done(legId, 'consumer.pause'),
      'consumer.resume': ({ legId }) => done(legId, 'consumer.resume'),
      'consumer.setPreferredLayers': ({ legId }) => done(legId, 'consumer.setPreferredLayers'),
      'consumer.stalled': ({ legId }) => void done(legId, 'consumer.stalled').catch(() => {}),
    };
  }

  #speaksFor(link: Link, legId: string): boolean {
    return [...this.meetings.values()].some(({ legs }) => legs.get(legId)?.link === link);
  }

  #openLeg(meeting: FakeMeeting, legId: string, participant: ParticipantInfo, link: Link) {
    const before = [...meeting.legs.values()].filter(
      (leg) => leg.participant.participantId === participant.participantId,
    );
    const leg: FakeLeg = {
      legId,
      participant,
      link,
      ready: false,
      producers: new Map(),
      consumers: new Map(),
    };
    meeting.legs.set(legId, leg);
    // The newer leg of a participant replaces the older one.
    for (const old of before) meeting.legs.delete(old.legId);
    if (before.length === 0) {
      for (const other of othersOf(meeting, leg)) {
        other.link?.notify('participant.joined', { legId: other.legId, participant });
      }
    }
    return {
      routerRtpCapabilities: { codecs: [] },
      sendTransport: transport(`${legId}/send`),
      recvTransport: transport(`${legId}/recv`),
      participants: othersOf(meeting, leg).map((other) => other.participant),
    };
  }

  #closeLeg(legId: string): void {
    for (const meeting of this.meetings.values()) {
      const leg = meeting.legs.get(legId);
      if (!leg) continue;
      meeting.legs.delete(legId);
      const { participantId } = leg.participant;
      for (const other of othersOf(meeting, leg)) {
        other.link?.notify('participant.left', { legId: other.legId, participantId });
      }
      if (meeting.legs.size > 0 || meeting.role === 'incoming') continue;
      this.meetings.delete(meeting.id);
      const ended = { meetingId: meeting.id, epoch: meeting.epoch, nodeId: this.nodeId };
      this.#registry?.request('meeting.ended', ended).catch(() => {});
    }
  }

  #offer(to: FakeLeg, from: FakeLeg, { producerId, source, kind, paused }: FakeProducer): void {
    if (!to.ready) return;
    const consumer: ConsumerNew = {
      legId: to.legId,
      consumerId: this.#id('consumer'),
      producerId,
      participantId: from.participant.participantId,
      source,
      kind,
      rtpParameters: someRtpParameters(kind),
      producerPaused: paused,
    };
    to.consumers.set(consumer.consumerId, consumer);
    to.link?.notify('consumer.new', consumer);
  }

  #id(what: string): string {
    this.#ids += 1;
    return `${this.nodeId}-${what}-${this.#ids}`;
  }
}

function othersOf(meeting: FakeMeeting, leg: FakeLeg): FakeLeg[] {
  return [...meeting.legs.values()].filter(
    (other) => other.participant.participantId !== leg.participant.participantId,
  );
}

function people(meeting: FakeMeeting | undefined): ParticipantInfo[] {
  return [...(meeting?.legs.values() ?? [])].map(({ participant }) => participant);
}

function snapshotOf(nodeId: string, meeting: FakeMeeting, leg: FakeLeg): LegSnapshot {
  return {
    legId: leg.legId,
    nodeId,
    epoch: meeting.epoch,
    participants: othersOf(meeting, leg).map(({ participant }) => participant),
    producers: [...leg.producers.values()].map(({ producerId, source, paused }) => ({
      producerId,
      source,
      paused,
    })),
    consumers: [...leg.consumers.values()],
  };
}
