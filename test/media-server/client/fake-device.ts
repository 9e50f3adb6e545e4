import { EventEmitter } from 'node:events';

interface ConsumeOptions {
  readonly id: string;
  readonly producerId: string;
}

/** The DTLS end of a transport. */
export class FakeDtls extends EventTarget {
  state = 'connected';

  becomes(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

/** A transport of mediasoup-client: what is consumed in one turn is one round, which succeeds or fails as a whole. */
export class FakeTransport extends EventEmitter {
  readonly id: string;
  readonly rounds: string[][] = [];
  readonly dtls = new FakeDtls();
  readonly #broken: ReadonlySet<string>;
  #round: { readonly producerId: string; readonly settle: (error?: Error) => void }[] = [];
  connectionState = 'new';
  closed = false;
  /** Once a round has failed every later one does. */
  #spoilt = false;

  /** @param broken producers that no session description can hold */
  constructor(id: string, broken: ReadonlySet<string>) {
    super();
    this.id = id;
    this.#broken = broken;
  }

  becomes(state: string): void {
    this.connectionState = state;
    this.emit('connectionstatechange', state);
  }

  async produce() {
    return { id: `${this.id}-producer`, rtpSender: { transport: this.dtls }, close: () => {} };
  }

  consume({ id, producerId }: ConsumeOptions) {
    const consumer = { id, rtpReceiver: { transport: this.dtls }, close: () => {} };
    return new Promise<typeof consumer>((resolve, reject) => {
      const settle = (error?: Error) => (error ? reject(error) : resolve(consumer));
      this.#round.push({ producerId, settle });
      if (this.#round.length > 1) return;
      queueMicrotask(() => {
        const round = this.#round;
        this.#round = [];
        this.rounds.push(round.map((one) => one.producerId));
        this.#spoilt ||= round.some((one) => this.#broken.has(one.producerId));
        const error = Object.assign(new Error('invalid SDP line'), { name: 'OperationError' });
        for (const one of round) one.settle(this.#spoilt ? error : undefined);
      });
    });
  }

  /** Which servers it was given, and when it has restarted ICE. */
  readonly ice: string[] = [];

  async updateIceServers({ iceServers }: { readonly iceServers: readonly RTCIceServer[] }): Promise<void> {
    this.ice.push(iceServers.flatMap(({ urls }) => urls).join());
  }

  async restartIce(): Promise<void> {
    this.ice.push('restart');
  }

  /** What kind of candidate its media leaves by. */
  localCandidate = 'host';

  async getStats(): Promise<Map<string, unknown>> {
    return new Map<string, unknown>([
      ['pair', { type: 'candidate-pair', nominated: true, localCandidateId: 'local' }],
      ['local', { type: 'local-candidate', candidateType: this.localCandidate }],
    ]);
  }

  close(): void {
    this.closed = true;
  }
}

/** Stands for mediasoup-client's Device. */
export class FakeDevice {
  static readonly transports: FakeTransport[] = [];
  static readonly broken = new Set<string>();
  readonly recvRtpCapabilities = { codecs: [], headerExtensions: [] };

  async load(): Promise<void> {}

  createSendTransport({ id }: { readonly id: string }): FakeTransport {
    return FakeDevice.#transport(id);
  }

  createRecvTransport({ id }: { readonly id: string }): FakeTransport {
    return FakeDevice.#transport(id);
  }

  static #transport(id: string): FakeTransport {
    const transport = new FakeTransport(id, FakeDevice.broken);
    FakeDevice.transports.push(transport);
    return transport;
  }

  static named(id: string): FakeTransport {
    const transport = FakeDevice.transports.find((one) => one.id === id);
    if (!transport) throw new Error(`no transport ${id}`);
    return transport;
  }

  static forget(): void {
    FakeDevice.transports.splice(0);
    FakeDevice.broken.clear();
  }
}
