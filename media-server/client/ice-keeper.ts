import type { IceParameters } from 'mediasoup-client/types';

/** What the other end says to an ICE restart. */
export interface IceRestart {
  readonly iceParameters: IceParameters;
  /** To be used from now on; undefined: those there are. */
  readonly iceServers: RTCIceServer[] | undefined;
}

/** The part of a transport that is used here. */
export interface RestartableTransport {
  readonly connectionState: string;
  readonly closed: boolean;
  on(event: 'connectionstatechange', listener: (state: string) => void): unknown;
  updateIceServers(options: { iceServers: RTCIceServer[] }): Promise<void>;
  restartIce(options: { iceParameters: IceParameters }): Promise<void>;
}

const ATTEMPTS = 3;
const AGAIN_AFTER_MS = 4_000;

/**
 * Repairs the path of one transport after a change of network: ICE says `disconnected`, signalling still (or again)
 * works, so both ends take new credentials. It cannot help when the node is gone; that is the gateway's to tell.
 */
export class IceKeeper {
  readonly #transport: RestartableTransport;
  readonly #ask: () => Promise<IceRestart>;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  /** A restart is wanted although nothing is broken. */
  #owed = false;
  #closed = false;

  constructor(transport: RestartableTransport, ask: () => Promise<IceRestart>) {
    this.#transport = transport;
    this.#ask = ask;
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected') {
        this.#attempts = 0;
        if (!this.#owed) this.#stopTimer();
      } else if (isBroken(state) && this.#timer === undefined) void this.#restart();
      // Just after a restart the old path breaks before the new one stands: that is looked at in a while.
    });
  }

  /** The path stands, and is to go another way: what relays it is about to go. */
  leave(): void {
    this.#owed = true;
    this.#attempts = 0;
    void this.#restart();
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer();
  }

  async #restart(): Promise<void> {
    if (this.#running || this.#attempts >= ATTEMPTS || this.#closed) return;
    this.#running = true;
    this.#attempts += 1;
    this.#stopTimer();
    try {
      // Waits while signalling itself is lost.
      const { iceParameters, iceServers } = await this.#ask();
      const transport = this.#transport;
      if (!this.#closed && !transport.closed) {
        if (iceServers) await transport.updateIceServers({ iceServers });
        await transport.restartIce({ iceParameters });
        this.#owed = false;
      }
    } catch {
      // The node refuses or does not answer: the next attempt, or the gateway's word that the leg is lost, follows.
    }
    this.#running = false;
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#owed || isBroken(this.#transport.connectionState)) void this.#restart();
    }, AGAIN_AFTER_MS);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const isBroken = (state: string) => state === 'disconnected' || state === 'failed';
