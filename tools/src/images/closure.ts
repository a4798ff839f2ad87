/** What the lock file says of an installed package. */
export interface LockedPackage {
  readonly version?: string;
  /** Target of a workspace link, such as `libs/service`. */
  readonly resolved?: string;
  readonly link?: boolean;
  /** May be missing on disk, as packages of other platforms are. */
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export type Lock = Readonly<Record<string, LockedPackage>>;

/**
 * Folders that a workspace needs at run time (requirement O1): its own, those of its production dependencies and of
 * theirs, named as in the lock file and sorted. Development dependencies and optional peers are left out.
 *
 * @throws for a dependency that the lock file does not have
 */
export function productionFolders(lock: Lock, workspace: string): string[] {
  const found = new Set<string>();
  const open = [workspace];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (found.has(folder)) continue;
    found.add(folder);
    const { link, resolved, ...own } = packageAt(lock, folder);
    if (link && resolved) open.push(resolved);
    for (const name of neededBy(own)) {
      const at = resolve(lock, folder, name);
      if (at) open.push(at);
      else if (!(name in (own.optionalDependencies ?? {})))
        throw new Error(`${folder} needs ${name}, which is not there`);
    }
  }
  return [...found].sort();
}

function packageAt(lock: Lock, folder: string): LockedPackage {
  const found = lock[folder];
  if (!found) throw new Error(`The lock file has no ${folder}`);
  return found;
}

function neededBy({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }: LockedPackage) {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
  return [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {}), ...peers];
}

/** Where Node finds a package from a folder: in the nearest `node_modules` on the way up. */
function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const candidate = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (candidate in lock) return candidate;
    if (at === '') return undefined;
  }
}
