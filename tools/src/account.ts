import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CannotStart } from './processes.js';

const run = promisify(execFile);

export interface Account {
  uid: number;
  gid: number;
}

/** The account that a server which refuses root runs under; undefined when we are not root and need none. */
export async function accountFor(preferred: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of [preferred, 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {}
  }
  throw new CannotStart(
    `PostgreSQL refuses to run as root and there is no account "${preferred}" or "nobody" to run it: make one (useradd ${preferred}), or set DATABASE_URL.`,
  );
}

/** Whether the account may enter the folder, so that its files can be reached. */
export async function mayEnter(dir: string, account: Account): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$1"', 'sh', dir], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** A folder that only root can make and every account may enter, the same for the same `dir`. */
export function sharedDirFor(dir: string): string {
  const key = createHash('sha256').update(dir).digest('hex').slice(0, 12);
  return join('/var/lib/regulars', key);
}
