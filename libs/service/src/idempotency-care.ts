import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DueWork } from './due-work.js';
import { SETTINGS, type ServiceSettings } from './settings.js';

const AT_ONCE = 2_000;
const HOUR_MS = 3_600_000;

/** Forgets idempotency keys that nobody repeats any more (requirement O5), in every service that keeps some. */
@Injectable()
export class IdempotencyCare implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly work: DueWork;

  constructor(
    dataSource: DataSource,
    @Inject(SETTINGS) { IDEMPOTENCY_KEPT_DAYS }: Pick<ServiceSettings, 'IDEMPOTENCY_KEPT_DAYS'>,
  ) {
    this.work = new DueWork({
      name: 'old idempotency keys',
      batch: () => forgetOldKeys(dataSource, IDEMPOTENCY_KEPT_DAYS),
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

/** Deletes some keys that are older than so many days and answers how many; a service without the table has none. */
export async function forgetOldKeys(dataSource: DataSource, keptDays: number, atOnce = AT_ONCE): Promise<number> {
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
    [keptDays, atOnce],
  );
  return rows.length;
}
