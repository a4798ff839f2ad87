import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** A transaction in pgbench's language. */
export interface Script {
  file: string;
  /** The same as one prepared statement of a plain client, for machines without pgbench. */
  statement?: string;
}

export interface Throughput {
  perSecond: number;
  /** Transactions that were committed. */
  committed: number;
}

/** Whether Debian's (or another) pgbench is at hand, and its version. */
export function pgbenchVersion(): string | undefined {
  const { status, stdout } = spawnSync('pgbench', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Runs a script with pgbench, prepared, and tells its throughput without the time of connecting.
 *
 * @param seed first value of the script's counter `:run`, so that runs never meet in a unique key
 * @throws when a transaction failed
 */
export async function pgbench(
  url: string,
  script: Script,
  load: { clients: number; seconds: number; seed: number; members: number },
): Promise<Throughput> {
  const target = new URL(url);
  const args = [
    ['-n', '-M', 'prepared', '-f', script.file],
    ['-c', String(load.clients), '-j', String(Math.min(2, load.clients)), '-T', String(load.seconds)],
    ['-D', `run=${load.seed}`, '-D', 'n=0', '-D', `members=${load.members}`],
    ['-h', target.hostname, '-p', target.port, '-U', decodeURIComponent(target.username), target.pathname.slice(1)],
  ].flat();
  const env = { ...process.env, PGPASSWORD: decodeURIComponent(target.password) };
  const { stdout, stderr } = await run('pgbench', args, { env });
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  const committed = Number(/transactions actually processed: (\d+)/.exec(stdout)?.[1]);
  const failed = Number(/failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (!(perSecond > 0) || failed > 0) throw new Error(`pgbench failed:\n${stdout}\n${stderr}`);
  return { perSecond, committed };
}

/** The stand-in for pgbench: connections of node-postgres, each with one prepared statement under way. */
export async function plainClients(
  url: string,
  statement: string,
  load: { clients: number; seconds: number; seed: number; members: number },
): Promise<Throughput> {
  const clients = await Promise.all(
    Array.from({ length: load.clients }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  let committed = 0;
  const from = performance.now();
  const until = from + load.seconds * 1_000;
  const worker = async (client: pg.Client, id: number) => {
    for (let n = 1; performance.now() < until; n++) {
      const member = 1 + Math.floor(Math.random() * load.members);
      await client.query({ name: 'purchase', text: statement, values: [load.seed, id, n, member] });
      committed++;
    }
  };
  await Promise.all(clients.map(worker));
  const seconds = (performance.now() - from) / 1_000;
  await Promise.all(clients.map((client) => client.end()));
  return { perSecond: committed / seconds, committed };
}
