import type { IceParameters } from 'mediasoup-client/types';

/** The part of a transport that is used here. */
export interface RestartableTransport {
  readonly connectionState: string;
  readonly closed: boolean;
  on(event: 'connectionstatechange', listener: (state: string) => void): unknown;
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
  readonly #newParameters: () => Promise<IceParameters>;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #closed = false;

  constructor(transport: RestartableTransport, newParameters: () => Promise<IceParameters>) {
    this.#transport = transport;
    this.#newParameters = newParameters;
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected') {
        this.#attempts = 0;
        clearTimeout(this.#timer);
      } else if (isBroken(state)) void this.#restart();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #restart(): Promise<void> {
    if (this.#running || this.#attempts >= ATTEMPTS || this.#closed) return;
    this.#running = true;
    this.#attempts += 1;
    clearTimeout(this.#timer);
    try {
      // Waits while signalling itself is lost.
      const iceParameters = await this.#newParameters();
      if (!this.#closed && !this.#transport.closed) await this.#transport.restartIce({ iceParameters });
    } catch {
      // The node refuses or does not answer: the next attempt, or the gateway's word that the leg is lost, follows.
    }
    this.#running = false;
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      if (isBroken(this.#transport.connectionState)) void this.#restart();
    }, AGAIN_AFTER_MS);
  }
}

const isBroken = (state: string) => state === 'disconnected' || state === 'failed';
