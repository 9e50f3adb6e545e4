/** How many WebSockets of participants there may be. */
export interface ConnectionMaxima {
  /** Participants who have entered, in all and from one address. */
  readonly total: number;
  readonly perAddress: number;
  /** Connections that have not entered yet, in all and from one address; above it the oldest of them makes room. */
  readonly waitingTotal: number;
  readonly waitingPerAddress: number;
}

export type Admission =
  | { readonly kind: 'admit' }
  /** One that waits, of this address or of any, is let go in favour of the new one. */
  | { readonly kind: 'replace'; readonly evicted: number }
  | { readonly kind: 'refuse'; readonly because: 'address' | 'total' };

/**
 * Counts connections by address. Those who have entered and those who have not are apart: whoever opens connections
 * without ever entering only pushes out others of that kind, the oldest first, and a browser enters within a moment.
 */
export class ConnectionLimits {
  readonly #limits: ConnectionMaxima;
  readonly #addresses = new Map<number, string>();
  /** In the order of their coming. */
  readonly #waiting = new Set<number>();
  readonly #waitingOf = new Map<string, Set<number>>();
  /** Of those that wait, the ones whose join or resume is being worked on. They are not let go for others. */
  readonly #entering = new Set<number>();
  readonly #enteredOf = new Map<string, number>();
  #entered = 0;

  constructor(limits: ConnectionMaxima) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** What is to be done about one more connection from this address. */
  ask(address: string): Admission {
    const { total, perAddress, waitingTotal, waitingPerAddress } = this.#limits;
    if (this.#entered >= total) return { kind: 'refuse', because: 'total' };
    if ((this.#enteredOf.get(address) ?? 0) >= perAddress) return { kind: 'refuse', because: 'address' };
    const ofAddress = this.#waitingOf.get(address);
    const full =
      ofAddress && ofAddress.size >= waitingPerAddress
        ? ofAddress
        : this.#waiting.size >= waitingTotal
          ? this.#waiting
          : undefined;
    if (!full) return { kind: 'admit' };
    for (const oldest of full) if (!this.#entering.has(oldest)) return { kind: 'replace', evicted: oldest };
    return { kind: 'refuse', because: full === ofAddress ? 'address' : 'total' };
  }

  add(connection: number, address: string): void {
    this.#addresses.set(connection, address);
    this.#waiting.add(connection);
    const ofAddress = this.#waitingOf.get(address);
    if (ofAddress) ofAddress.add(connection);
    else this.#waitingOf.set(address, new Set([connection]));
  }

  /** Its join or resume is being worked on, or has failed. Who has no valid token is it for a few ms only. */
  entering(connection: number, isEntering: boolean): void {
    if (isEntering && this.#waiting.has(connection)) this.#entering.add(connection);
    else this.#entering.delete(connection);
  }

  /** It has joined or resumed. */
  enter(connection: number): void {
    const address = this.#addresses.get(connection);
    if (address === undefined || !this.#stopWaiting(connection, address)) return;
    this.#entered += 1;
    this.#enteredOf.set(address, (this.#enteredOf.get(address) ?? 0) + 1);
  }

  /** It is closed. Idempotent. */
  remove(connection: number): void {
    const address = this.#addresses.get(connection);
    if (address === undefined) return;
    this.#addresses.delete(connection);
    if (this.#stopWaiting(connection, address)) return;
    this.#entered -= 1;
    const left = (this.#enteredOf.get(address) ?? 0) - 1;
    if (left > 0) this.#enteredOf.set(address, left);
    else this.#enteredOf.delete(address);
  }

  #stopWaiting(connection: number, address: string): boolean {
    this.#entering.delete(connection);
    const ofAddress = this.#waitingOf.get(address);
    ofAddress?.delete(connection);
    if (ofAddress?.size === 0) this.#waitingOf.delete(address);
    return this.#waiting.delete(connection);
  }
}
