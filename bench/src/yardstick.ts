import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Platform, provision, unprovision } from '@regulars/tools';
import pg from 'pg';
import { pgbench, pgbenchVersion, plainClients, type Script, type Throughput } from './pgbench.js';
import { readWrittenPurchase } from './written-purchase.js';
import { type YardstickSql, yardstickSql } from './yardstick-sql.js';

const run = promisify(execFile);

export const CLIENTS = [8, 16, 32, 64] as const;

/** A way to write a purchase and the number of clients with which it is fastest. */
export interface BestForm {
  form: 'a statement per table' | 'one function call';
  clients: number;
}

export interface Calibration extends BestForm {
  perSecond: number;
}

/** The database alone: the rows of a purchase written by pgbench into tables that loyalty's migrations made. */
export class Yardstick {
  /** Every run has a number of its own in its keys. */
  private runs = 0;
  private committed = 0;

  private constructor(
    private readonly adminUrl: string,
    private readonly database: string,
    private readonly url: string,
    private readonly members: number,
    private readonly scripts: Record<BestForm['form'], Script>,
    readonly sql: YardstickSql,
  ) {}

  /** What writes: pgbench with its version, or the plain client that stands in for it. */
  readonly writer = pgbenchVersion() ?? 'node-postgres (pgbench is not installed)';

  /**
   * Makes a database beside the platform's on the same server, lets loyalty migrate it, and takes a purchase that the
   * platform has credited as the pattern.
   *
   * @param dir where the scripts are kept
   */
  static async prepare(platform: Platform, members: number, dir: string): Promise<Yardstick> {
    const database = `${platform.database.database}_yardstick`;
    const own = await provision(platform.database.adminUrl, database, passwordsOf(platform));
    const { entry, env } = platform.service('loyalty').program;
    await run(process.execPath, [entry, 'migrate'], { env: { ...env, DATABASE_URL: own.urls.loyalty } });
    const written = await withClient(platform.database.urls.loyalty, readWrittenPurchase);
    const sql = yardstickSql(written);
    await withClient(own.urls.loyalty, (client) => client.query(sql.createFunction));
    await mkdir(dir, { recursive: true });
    const [perTable, call] = [join(dir, 'yardstick-per-table.sql'), join(dir, 'yardstick-call.sql')];
    await writeFile(perTable, sql.perTable);
    await writeFile(call, sql.call);
    const scripts = {
      'a statement per table': { file: perTable },
      'one function call': { file: call, statement: sql.callStatement },
    };
    return new Yardstick(platform.database.adminUrl, database, own.urls.loyalty, members, scripts, sql);
  }

  /** Tries both forms with every number of clients; fastest first. */
  async calibrate(seconds: number): Promise<[Calibration, ...Calibration[]]> {
    const tried: Calibration[] = [];
    for (const form of ['a statement per table', 'one function call'] as const) {
      if (!pgbenchVersion() && !this.scripts[form].statement) continue;
      for (const clients of CLIENTS) {
        const { perSecond } = await this.write({ form, clients }, seconds);
        tried.push({ form, clients, perSecond });
      }
    }
    tried.sort((a, b) => b.perSecond - a.perSecond);
    return tried as [Calibration, ...Calibration[]];
  }

  /** Writes purchases for some seconds. */
  async write({ form, clients }: BestForm, seconds: number): Promise<Throughput> {
    const load = { clients, seconds, seed: ++this.runs, members: this.members };
    const script = this.scripts[form];
    const done =
      pgbenchVersion() || !script.statement
        ? await pgbench(this.url, script, load)
        : await plainClients(this.url, script.statement, load);
    this.committed += done.committed;
    return done;
  }

  /** Transactions that were acknowledged, and the claims that there are: the same number, or something is wrong. */
  async counts(): Promise<{ acknowledged: number; claims: number }> {
    return { acknowledged: this.committed, claims: await claimsIn(this.url) };
  }

  /** Rows and bytes for each purchase, by table. */
  rows(): Promise<WrittenRows> {
    return writtenRows(this.url);
  }

  async remove(): Promise<void> {
    await unprovision(this.adminUrl, this.database);
  }
}

/** By table: rows for each purchase and average bytes of a row. */
export type WrittenRows = Record<string, { perPurchase: number; bytes: number }>;

const APPEND_ONLY = ['idempotency', 'purchase', 'entry', 'lot', 'outbox'] as const;

/** What stands in the tables for each purchase; balances are updated in place, so they have no figure here. */
export async function writtenRows(url: string): Promise<WrittenRows> {
  return withClient(url, async (client) => {
    const claims = await claimsOf(client);
    const found: WrittenRows = {};
    for (const table of APPEND_ONLY) {
      const { rows } = await client.query<{ count: string; bytes: number | null }>(
        `SELECT count(*) AS count, avg(pg_column_size(t.*))::float8 AS bytes FROM ${table} t`,
      );
      found[table] = { perPurchase: Number(rows[0]?.count) / claims, bytes: rows[0]?.bytes ?? 0 };
    }
    return found;
  });
}

/** Receipt claims in a schema of loyalty's. */
export function claimsIn(url: string): Promise<number> {
  return withClient(url, claimsOf);
}

async function claimsOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) AS count FROM purchase');
  return Number(rows[0]?.count);
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The yardstick's roles have the passwords of the platform's. */
function passwordsOf({ database }: Platform) {
  const pairs = Object.entries(database.urls).map(([owner, url]) => [owner, decodeURIComponent(new URL(url).password)]);
  return Object.fromEntries(pairs) as Parameters<typeof provision>[2];
}
