import { execFile } from 'node:child_process';
import { chown, glob, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { accountFor, mayEnter, sharedDirFor } from '../account.js';
import { freePort } from '../ports.js';
import { endProcess, lastLines, startProgram } from '../processes.js';

const run = promisify(execFile);

/** The folder of a PostgreSQL with its dump programs, the newest of the system's; undefined where there is none. */
export async function dumpPrograms(): Promise<string | undefined> {
  const found: string[] = [];
  for await (const program of glob('/usr/lib/postgresql/*/bin/pg_dump')) found.push(dirname(program));
  const major = (dir: string) => Number(/(\d+)\/bin$/.exec(dir)?.[1]);
  return found.filter((dir) => major(dir) >= 15).sort((a, b) => major(b) - major(a))[0];
}

/**
 * An empty server of the system's PostgreSQL: npm's binaries have no pg_dump, and a dump program has to be as new as its
 * server. On the loopback interface, without passwords, gone after `stop`.
 */
export class DrillServer {
  private constructor(
    private readonly root: string,
    private readonly pid: number,
    readonly adminUrl: string,
  ) {}

  /** @param dir its own; made here */
  static async start(programs: string, dir: string): Promise<DrillServer> {
    await mkdir(dir, { recursive: true });
    const account = await accountFor('postgres');
    const root = account && !(await mayEnter(dir, account)) ? sharedDirFor(dir) : dir;
    await mkdir(root, { recursive: true });
    if (account) await chown(root, account.uid, account.gid);
    const data = join(root, 'data');
    const env = { ...process.env, LC_ALL: 'C' };
    const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
    await run(join(programs, 'initdb'), initdb, { cwd: root, env, ...account });
    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'timezone=UTC'];
    const logFile = join(dir, 'postgres.log');
    const pid = await startProgram({
      command: join(programs, 'postgres'),
      args: ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
      env,
      logFile,
      cwd: root,
      ...account,
    });
    const server = new DrillServer(root, pid, `postgres://postgres@127.0.0.1:${port}/postgres`);
    for (let tries = 0; tries < 100; tries++) {
      const isReady = await run(join(programs, 'pg_isready'), ['-q', '-d', server.adminUrl]).then(
        () => true,
        () => false,
      );
      if (isReady) return server;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`PostgreSQL did not start; the end of ${logFile}:\n${await lastLines(logFile)}`);
  }

  async stop(): Promise<void> {
    await endProcess(this.pid, 'SIGINT', 20_000);
    await rm(this.root, { recursive: true, force: true });
  }
}
