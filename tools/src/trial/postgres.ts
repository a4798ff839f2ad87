import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedBinaries } from '../postgres.js';
import { become } from './become.js';

const run = promisify(execFile);

/**
 * One PostgreSQL on `/data`, made on the first start, with the password in `POSTGRES_PASSWORD_FILE` for `postgres`.
 * `SHARED_BUFFERS` is told where the container is small.
 */
export async function runPostgres(): Promise<void> {
  const bin = installedBinaries();
  const data = '/data/postgres';
  const env = { ...process.env, LC_ALL: 'C' };
  if (!existsSync(join(data, 'PG_VERSION'))) {
    await mkdir(data, { recursive: true, mode: 0o700 });
    const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
    const password = ['--username=postgres', `--pwfile=${process.env.POSTGRES_PASSWORD_FILE ?? ''}`];
    await run(join(bin, 'initdb'), ['--auth=scram-sha-256', ...password, ...locale, data], { env });
    await writeFile(join(data, 'pg_hba.conf'), 'host all all all scram-sha-256\n');
  }
  const settings = {
    listen_addresses: '*',
    unix_socket_directories: '',
    max_connections: '150',
    shared_buffers: process.env.SHARED_BUFFERS ?? '128MB',
    max_wal_size: '1GB',
    dynamic_shared_memory_type: 'mmap',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // SIGINT cuts the clients off and ends in order; SIGTERM would wait for them.
  become(join(bin, 'postgres'), ['-D', data, ...args], env, 'SIGINT');
}
