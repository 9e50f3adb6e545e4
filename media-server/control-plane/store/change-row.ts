import { HoldfastError } from '../../protocol/index.ts';
import type { Table } from './store.ts';

/** Writers that may beat us in a row before we believe that something else is wrong. */
const MAX_ATTEMPTS = 50;

/** What a row is to be; `undefined` removes it. */
export type NextRow<T> = { readonly value: T; readonly ttlMs?: number } | 'keep' | undefined;

/**
 * Changes a row by compare-and-set until nobody else was quicker. Rejects with CONFLICT when others keep changing it.
 *
 * @returns the row as it is afterwards
 * @param next what the row is to be, from what it is; pure, since it is asked again whenever somebody was quicker
 */
export async function changeRow<T>(
  table: Table<T>,
  key: string,
  next: (present: T | undefined) => NextRow<T>,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const row = await table.get(key);
    const change = next(row?.value);
    if (change === 'keep') return row?.value;
    if (!change) {
      if (!row || (await table.delete(key, row.version))) return undefined;
      continue;
    }
    const { value, ttlMs } = change;
    if (await table.compareAndSet(key, row?.version, value, ttlMs === undefined ? {} : { ttlMs }))
      return value;
  }
  throw new HoldfastError('CONFLICT', `others kept changing the row ${key}`);
}
