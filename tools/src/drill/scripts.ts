import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceDir } from '../folders.js';
import type { Provisioned } from '../provisioning.js';
import { OWNERS } from '../services.js';

const run = promisify(execFile);

const scripts = join(workspaceDir, 'deploy', 'backup');

/** Runs `backup.sh`; answers the dump. */
export async function backUp(programs: string, { adminUrl }: Provisioned, folder: string): Promise<string> {
  const env = { PATH: `${programs}:${process.env.PATH}`, DATABASE_URL: adminUrl };
  const { stdout } = await run('sh', [join(scripts, 'backup.sh'), folder], { env });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Runs `restore.sh` into a database that was provisioned and is empty. */
export async function restore(programs: string, { urls }: Provisioned, dump: string): Promise<void> {
  const own = Object.fromEntries(OWNERS.map((owner) => [`URL_${owner.toUpperCase()}`, urls[owner]]));
  await run('sh', [join(scripts, 'restore.sh'), dump], { env: { PATH: `${programs}:${process.env.PATH}`, ...own } });
}
