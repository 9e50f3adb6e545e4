import { readFile } from 'node:fs/promises';

/** What the first boot wrote down. */
export async function factsFromFile(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
