import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceDir } from '../folders.js';
import type { Licensed } from './allowed.js';

interface Locked {
  readonly dev?: boolean;
  readonly link?: boolean;
}

interface Told {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string | { readonly type?: string };
}

/** Every package of the lock file that is installed here; those of other platforms are not. */
export async function installedPackages(): Promise<Licensed[]> {
  const lock = JSON.parse(await readFile(join(workspaceDir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const found = Object.entries(lock.packages).filter(
    ([path, { link }]) =>
      path.includes('node_modules/') && !link && existsSync(join(workspaceDir, path, 'package.json')),
  );
  return Promise.all(
    found.map(async ([path, { dev = false }]) => {
      const told = JSON.parse(await readFile(join(workspaceDir, path, 'package.json'), 'utf8')) as Told;
      const { name = path, version = '', license } = told;
      const licence = typeof license === 'string' ? license : (license?.type ?? 'UNKNOWN');
      return { name, version, licence, isShipped: !dev };
    }),
  );
}
