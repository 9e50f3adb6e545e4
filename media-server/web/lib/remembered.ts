type TextStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What may be remembered, and under which key. */
const keys = {
  name: 'holdfast.name',
  camera: 'holdfast.camera',
  microphone: 'holdfast.microphone',
  shortcuts: 'holdfast.shortcuts',
  operatorToken: 'holdfast.operator-token',
} as const;
export type RememberedKey = keyof typeof keys;

/** Small texts kept in the browser. A browser that forbids storage (private windows, policies) just forgets. */
export class Remembered {
  readonly #open: () => TextStorage;

  /** @param open gives the storage; merely touching `localStorage` may throw, hence a function. */
  constructor(open: () => TextStorage) {
    this.#open = open;
  }

  get(key: RememberedKey): string | undefined {
    return this.#attempt((storage) => storage.getItem(keys[key]) ?? undefined);
  }

  set(key: RememberedKey, value: string | undefined): void {
    this.#attempt((storage) =>
      value === undefined || value === '' ? storage.removeItem(keys[key]) : storage.setItem(keys[key], value),
    );
  }

  #attempt<T>(use: (storage: TextStorage) => T): T | undefined {
    try {
      return use(this.#open());
    } catch {
      // Storage is full or forbidden. Nothing depends on it: the next visit starts without what was remembered.
      return undefined;
    }
  }
}
