// Which of the packages in package-lock.json a part of the project needs.

/**
 * @typedef {object} Locked an entry of package-lock.json
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [link] a workspace's place in node_modules
 * @property {string} [resolved] of a link: the workspace's folder
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string[]} [libc]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 */

/**
 * What the project itself and some of its workspaces need, as npm would install it.
 * @param {ReadonlyMap<string, Locked>} lock by folder, '' being the project itself
 * @param {readonly string[]} workspaces their folders
 * @returns {Set<string>} folders, those of the workspaces themselves not among them
 */
export function neededPackages(lock, workspaces) {
  const roots = ['', ...workspaces];
  /** @type {Set<string>} */
  const needed = new Set();
  const waiting = [...roots];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entry = lock.get(folder) ?? {};
    const names = [
      ...Object.keys(entry.dependencies ?? {}),
      ...Object.keys(entry.optionalDependencies ?? {}),
      ...(roots.includes(folder) ? Object.keys(entry.devDependencies ?? {}) : []),
      ...Object.keys(entry.peerDependencies ?? {}).filter(
        (name) => !entry.peerDependenciesMeta?.[name]?.optional,
      ),
    ];
    for (const name of names) {
      const found = resolve(lock, folder, name);
      if (found === undefined || needed.has(found)) continue;
      needed.add(found);
      const target = lock.get(found);
      waiting.push(target?.link && target.resolved ? target.resolved : found);
    }
  }
  for (const [folder, { link, resolved }] of lock) {
    if (link && resolved && workspaces.includes(resolved)) needed.add(folder);
  }
  return needed;
}

/**
 * Where Node finds a package from a folder: in its own node_modules, else in those above.
 * @param {ReadonlyMap<string, Locked>} lock
 * @param {string} from
 * @param {string} name
 */
function resolve(lock, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.has(candidate)) return candidate;
    if (folder === '') return undefined;
  }
}
