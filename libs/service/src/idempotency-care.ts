import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DueWork } from './due-work.js';

/** How long a key answers; nobody repeats a request after a month. */
const KEPT_DAYS = 30;
const AT_ONCE = 2_000;
const HOUR_MS = 3_600_000;

/** Forgets idempotency keys that nobody repeats any more (requirement O5), in every service that keeps some. */
@Injectable()
export class IdempotencyCare implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work: DueWork;

  constructor(dataSource: DataSource) {
    this.work = new DueWork({
      name: 'old idempotency keys',
      batch: () => forgetOldKeys(dataSource),
      longestRestMs: HOUR_MS,
      shortestRestMs: 1_000,
      fullBatch: AT_ONCE,
    });
  }

  onApplicationBootstrap(): void {
    this.work.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.work.stop();
  }
}

/** Deletes some keys that are older than a month and answers how many; a service without the table has none. */
export async function forgetOldKeys(dataSource: DataSource, atOnce = AT_ONCE): Promise<number> {
  const [table] = await dataSource.query<{ found: boolean }[]>(
    `SELECT to_regclass('idempotency') IS NOT NULL AS found`,
  );
  if (!table?.found) return 0;
  const rows = await dataSource.query<unknown[]>(
    `WITH old AS (
       SELECT caller, route, key FROM idempotency WHERE created_at < now() - make_interval(days => $1)
       LIMIT $2 FOR UPDATE SKIP LOCKED),
     forgotten AS (
       DELETE FROM idempotency USING old
       WHERE (idempotency.caller, idempotency.route, idempotency.key) = (old.caller, old.route, old.key) RETURNING 1)
     SELECT 1 FROM forgotten`,
    [KEPT_DAYS, atOnce],
  );
  return rows.length;
}
