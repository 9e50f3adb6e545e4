import { useSyncExternalStore } from 'react';

interface Watched<T> {
  readonly view: T;
  readonly subscribe: (listener: () => void) => () => void;
}

/** The present view of a store, and a new rendering whenever it changes. */
export function useView<T>(store: Watched<T>): T {
  return useSyncExternalStore(store.subscribe, () => store.view);
}
