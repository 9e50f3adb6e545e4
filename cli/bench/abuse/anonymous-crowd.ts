import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { attackerAddress } from './addresses.ts';
import { type AttackTally, count } from './attack.ts';
import type { Move } from './move.ts';

/** Opened at most, each second. */
const OPENED_A_SECOND = 100;
/** A connection that was closed or refused is opened again after this time, ms. */
const REOPEN_MS = 1500;
const MOST_UNSENT_BYTES = 4 * 1024 * 1024;
/** Connections that share an address. */
const A_ADDRESS = 10;

/** Most talk; some never say a word, some never read, and some never finish the first line of their request. */
type Habit = 'talks' | 'silent' | 'deaf' | 'unfinished';
const habitOf = (slot: number): Habit =>
  (['unfinished', 'silent', 'deaf'] as const)[slot % 20] ?? (slot % 20 === 3 ? 'deaf' : 'talks');

interface Slot {
  readonly habit: Habit;
  readonly index: number;
  socket: WebSocket | undefined;
  raw: Socket | undefined;
  reopenAtMs: number;
}

/** Connections that never log in, kept up to their number however often they are closed. */
export class AnonymousCrowd {
  readonly #url: string;
  readonly #tally: AttackTally;
  readonly #slots: Slot[];
  #turn = 0;
  #openedTo = 0;
  #closed = false;

  constructor(baseUrl: string, connections: number, tally: AttackTally) {
    this.#url = baseUrl;
    this.#tally = tally;
    this.#slots = Array.from({ length: connections }, (_, index) => ({
      habit: habitOf(index),
      index,
      socket: undefined,
      raw: undefined,
      reopenAtMs: 0,
    }));
  }

  /** Opens what is not open. Call often. */
  keepOpen(nowMs: number): void {
    if (this.#closed) return;
    let allowed = OPENED_A_SECOND / 20;
    for (let looked = 0; looked < this.#slots.length && allowed > 0; looked += 1) {
      this.#openedTo = (this.#openedTo + 1) % this.#slots.length;
      const slot = this.#slots[this.#openedTo];
      if (!slot || slot.socket || slot.raw || slot.reopenAtMs > nowMs) continue;
      allowed -= 1;
      if (slot.habit === 'unfinished') this.#openRaw(slot);
      else this.#open(slot);
    }
  }

  /** The next one that is open sends the frames of a move; returns how many. */
  play(move: Move): number {
    for (let looked = 0; looked < this.#slots.length; looked += 1) {
      this.#turn = (this.#turn + 1) % this.#slots.length;
      const slot = this.#slots[this.#turn];
      const socket = slot?.socket;
      if (!slot || socket?.readyState !== WebSocket.OPEN || slot.habit === 'silent') continue;
      if (socket.bufferedAmount > MOST_UNSENT_BYTES) continue;
      for (const frame of move.frames) socket.send(frame);
      count(this.#tally.sent, `no login, ${move.kind}`, move.frames.length);
      return move.frames.length;
    }
    return 0;
  }

  close(): void {
    this.#closed = true;
    for (const { socket, raw } of this.#slots) {
      socket?.terminate();
      raw?.destroy();
    }
  }

  #open(slot: Slot): void {
    const socket = new WebSocket(`${this.#url.replace(/^http/, 'ws')}/v1/signal`, {
      ...attackerAddress(1 + Math.floor(slot.index / A_ADDRESS)),
      perMessageDeflate: false,
      handshakeTimeout: 10_000,
    });
    slot.socket = socket;
    let opened = false;
    socket.once('open', () => {
      opened = true;
      count(this.#tally.connections, 'opened');
      if (slot.habit === 'deaf') socket.pause();
    });
    // 'close' follows.
    socket.on('error', () => {});
    socket.once('close', (code) => {
      slot.socket = undefined;
      slot.reopenAtMs = performance.now() + REOPEN_MS;
      if (!this.#closed) count(this.#tally.connections, opened ? `closed: ${code}` : 'refused');
    });
  }

  #openRaw(slot: Slot): void {
    const { hostname, port } = new URL(this.#url);
    const raw = connect({
      host: hostname,
      port: Number(port),
      ...attackerAddress(1 + Math.floor(slot.index / A_ADDRESS)),
    });
    slot.raw = raw;
    raw.once('connect', () => {
      count(this.#tally.connections, 'opened');
      raw.write('GET /v1/signal HTTP/1.1\r\nHost: x\r\n');
    });
    raw.on('error', () => {});
    raw.once('close', () => {
      slot.raw = undefined;
      slot.reopenAtMs = performance.now() + REOPEN_MS;
      if (!this.#closed) count(this.#tally.connections, 'closed: unfinished');
    });
    raw.resume();
  }
}
