import { homedir } from 'node:os';
import { join } from 'node:path';

/** The checkout that this file was built in. */
export const workspaceDir = join(import.meta.dirname, '..', '..');

/** Everything a running stack leaves behind: data, logs, secrets, its lock. Git ignores it; `REGULARS_DIR` puts it elsewhere. */
export const stackDir = process.env.REGULARS_DIR ?? join(workspaceDir, '.regulars');

/** Downloads that several checkouts may use; `REGULARS_CACHE` puts them elsewhere. */
export const cacheDir =
  process.env.REGULARS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'regulars');

/** Compiled code that Node keeps between starts, so that they cost less. */
export const compileCacheDir = join(workspaceDir, 'node_modules', '.cache', 'regulars', 'compiled');
