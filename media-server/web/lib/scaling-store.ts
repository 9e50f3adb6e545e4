import { toHoldfastError } from '../../protocol/errors.ts';
import type { DecisionList } from '../../protocol/rest.ts';
import type { Api } from './api.ts';
import { isTokenRefused, operatorProblem } from './plain-words.ts';
import { Signal } from './signal.ts';

export interface ScalingView {
  /** What is known, with all samples that were seen; undefined before the first answer. */
  readonly known: DecisionList | undefined;
  readonly problem: string | undefined;
}

const LOOK_EVERY_MS = 2000;
const DECISIONS_SHOWN = 60;
/** Samples older than this have left the picture. */
const SHOWN_MS = 3_600_000;

/** What the autoscaler decided, as the operator sees it. Of samples only the new ones are asked for. */
export class ScalingStore {
  readonly #api: Pick<Api, 'decisions'>;
  readonly #token: string;
  readonly #view = new Signal<ScalingView>({ known: undefined, problem: undefined });

  constructor(api: Pick<Api, 'decisions'>, token: string) {
    this.#api = api;
    this.#token = token;
  }

  get view(): ScalingView {
    return this.#view.value;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#view.subscribe(listener);

  /** Looks once. @returns ms until the next look */
  readonly look = async (signal: AbortSignal): Promise<number> => {
    const before = this.view.known?.samples ?? [];
    try {
      const samplesSinceMs = before.at(-1)?.atMs ?? 0;
      const answer = await this.#api.decisions(
        this.#token,
        { limit: DECISIONS_SHOWN, samplesSinceMs },
        signal,
      );
      const samples = [...before, ...answer.samples].filter(({ atMs }) => answer.nowMs - atMs < SHOWN_MS);
      this.#view.set({ known: { ...answer, samples }, problem: undefined });
    } catch (error) {
      const aborted = error instanceof DOMException && error.name === 'AbortError';
      const failure = toHoldfastError(error);
      // Of a token that is refused the fleet itself speaks.
      if (!aborted && !isTokenRefused(failure))
        this.#view.set({ ...this.view, problem: operatorProblem(failure) });
    }
    return LOOK_EVERY_MS;
  };
}
