// Tells whether files have changed since something was made from them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A short hash of files and folders, by name and content.
 * @param {string[]} paths those that do not exist count as absent
 * @param {string[]} [except] names of files and folders inside them that do not count
 */
export function fingerprint(paths, except = []) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(path).sort()) {
        if (except.includes(name)) continue;
        hash.update(`${name}\0`);
        add(join(path, name));
      }
    }
    hash.update(stat?.isFile() ? readFileSync(path) : '').update('\0');
  };
  for (const path of paths) add(path);
  return hash.digest('hex').slice(0, 12);
}
