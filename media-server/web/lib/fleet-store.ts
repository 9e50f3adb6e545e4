import { toHoldfastError } from '../../protocol/errors.ts';
import type { NodeView } from '../../protocol/rest.ts';
import type { Api } from './api.ts';
import { type Fleet, fleetEvents } from './fleet-events.ts';
import { type LoadSample, noHistory, withSample } from './load-history.ts';
import { pollIntervalMs } from './node-state.ts';
import { isTokenRefused, operatorProblem } from './plain-words.ts';
import { Signal } from './signal.ts';

export interface FleetEvent {
  readonly id: number;
  readonly atMs: number;
  readonly text: string;
}

export interface FleetView {
  /** The last that is known; undefined before the first answer. */
  readonly fleet: Fleet | undefined;
  readonly knownAtMs: number | undefined;
  readonly load: LoadSample;
  /** Newest first. */
  readonly events: readonly FleetEvent[];
  readonly problem: string | undefined;
  /** The server does not take this token (any more). */
  readonly tokenRefused: boolean;
}

const EVENTS_KEPT = 30;
const RETRY_MS = 2000;

/** What the operator sees of the fleet, and what they do to it. */
export class FleetStore {
  readonly #api: Api;
  readonly #token: string;
  readonly #now: () => number;
  readonly #view = new Signal<FleetView>({
    fleet: undefined,
    knownAtMs: undefined,
    load: noHistory,
    events: [],
    problem: undefined,
    tokenRefused: false,
  });
  #lastEventId = 0;

  constructor(api: Api, token: string, now: () => number) {
    this.#api = api;
    this.#token = token;
    this.#now = now;
  }

  get view(): FleetView {
    return this.#view.value;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  /** Looks once. @returns ms until the next look */
  readonly look = async (signal: AbortSignal): Promise<number> => {
    try {
      const [nodes, meetings] = await Promise.all([
        this.#api.nodes(this.#token, signal),
        this.#api.meetings(this.#token, signal),
      ]);
      this.#learn({ nodes, meetings });
      return pollIntervalMs(nodes);
    } catch (error) {
      // What the page knew stays on it, with its age.
      this.#fail(error);
      return RETRY_MS;
    }
  };

  async drain(nodeId: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#act(() => this.#api.drain(this.#token, nodeId, reason, signal));
  }

  async cancelDrain(nodeId: string, signal: AbortSignal): Promise<void> {
    await this.#act(() => this.#api.cancelDrain(this.#token, nodeId, signal));
  }

  async #act(request: () => Promise<NodeView>): Promise<void> {
    try {
      const changed = await request();
      const { fleet } = this.view;
      if (fleet === undefined) return;
      const nodes = fleet.nodes.map((node) => (node.nodeId === changed.nodeId ? changed : node));
      this.#learn({ ...fleet, nodes });
    } catch (error) {
      this.#fail(error);
    }
  }

  #learn(fleet: Fleet): void {
    const nowMs = this.#now();
    const { fleet: before, load, events } = this.view;
    const news =
      before === undefined ? [] : fleetEvents(before, fleet).map((text) => this.#event(nowMs, text));
    this.#update({
      fleet,
      knownAtMs: nowMs,
      load: withSample(load, fleet.nodes, nowMs),
      events: [...news.reverse(), ...events].slice(0, EVENTS_KEPT),
      problem: undefined,
    });
  }

  #event(atMs: number, text: string): FleetEvent {
    this.#lastEventId += 1;
    return { id: this.#lastEventId, atMs, text };
  }

  #fail(error: unknown): void {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    const known = toHoldfastError(error);
    this.#update(isTokenRefused(known) ? { tokenRefused: true } : { problem: operatorProblem(known) });
  }

  #update(change: Partial<FleetView>): void {
    this.#view.set({ ...this.#view.value, ...change });
  }
}
