import type { DataSource } from 'typeorm';
import { outboxMetrics } from './metrics.js';

const DAYS_AHEAD = 7;

/** Waiting for a lock makes every later writer wait behind it; what did not work now works in an hour. */
const LOCK_TIMEOUT = '150ms';

/**
 * Gives the outbox a new generation when its data has come into another cluster, where numbers that were given after the
 * backup are given again (requirement O3). Has to be done before the service writes its first event.
 */
export async function bindGeneration(dataSource: DataSource): Promise<number> {
  return dataSource.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended(current_schema || ' outbox generation', 0))`);
    const [cursor] = await tx.query<{ generation: number; moved: boolean }[]>(
      `select current_generation as generation, system_identifier <> cluster.here as moved
       from relay_cursor, (select system_identifier as here from pg_control_system()) as cluster`,
    );
    if (!cursor) throw new Error('relay_cursor has no row');
    if (!cursor.moved) return cursor.generation;
    const generation = cursor.generation + 1;
    await tx.query(`alter table outbox alter column generation set default ${generation}`);
    await tx.query(
      `update relay_cursor set current_generation = $1, epoch = epoch + 1,
         system_identifier = (select system_identifier from pg_control_system())`,
      [generation],
    );
    return generation;
  });
}

/** Makes partitions for the days ahead and drops those past `keptDays`, as far as they are published. */
export async function keepDays(dataSource: DataSource, keptDays: number): Promise<void> {
  await inShortTransaction(dataSource, `select outbox_add_days(${DAYS_AHEAD})`);
  const old = await dataSource.query<{ name: string }[]>(
    `select partition.relname as name from pg_inherits
       join pg_class partition on partition.oid = inhrelid
     where inhparent = 'outbox'::regclass
       and partition.relname < 'outbox_' || to_char((now() at time zone 'UTC')::date - $1::integer, 'YYYYMMDD')
     order by 1`,
    [keptDays],
  );
  for (const { name } of old) {
    if (await isPublished(dataSource, name)) await inShortTransaction(dataSource, `drop table "${name}"`);
  }
  outboxMetrics.daysAhead.set(await daysAhead(dataSource));
}

/** What holds the relay back, in seconds; measured by every replica, whoever leads. */
export class OutboxWatch {
  #oldestXid: string | undefined;
  #seenSince = 0;

  constructor(private readonly dataSource: DataSource) {}

  /**
   * The age of the oldest writing transaction is how long it has been seen: its owner's start time is hidden from a role
   * that does not own it, its id is not.
   */
  async measure(nowMs: number): Promise<void> {
    const [found] = await this.dataSource.query<{ unpublished: number | null; xmin: string; writing: boolean }[]>(
      `select pg_snapshot_xmin(running)::text as xmin, pg_snapshot_xmin(running) < pg_snapshot_xmax(running) as writing,
         (select extract(epoch from clock_timestamp() - created_at)::float8 from outbox
          where ord > cursor.through_ord order by ord limit 1) as unpublished
       from pg_current_snapshot() as running, relay_cursor as cursor`,
    );
    if (!found) return;
    const oldestXid = found.writing ? found.xmin : undefined;
    if (oldestXid !== this.#oldestXid) this.#seenSince = nowMs;
    this.#oldestXid = oldestXid;
    outboxMetrics.oldestWriter.set(oldestXid === undefined ? 0 : (nowMs - this.#seenSince) / 1_000);
    outboxMetrics.oldestUnpublished.set(Math.max(0, found.unpublished ?? 0));
  }
}

async function isPublished(dataSource: DataSource, partition: string): Promise<boolean> {
  const [found] = await dataSource.query<{ waiting: boolean }[]>(
    `select exists (select 1 from "${partition}" as event, relay_cursor as cursor
       where event.ord > cursor.through_ord) as waiting`,
  );
  return found?.waiting === false;
}

async function daysAhead(dataSource: DataSource): Promise<number> {
  const [found] = await dataSource.query<{ days: number }[]>(
    `select to_date(right(max(partition.relname), 8), 'YYYYMMDD') - (now() at time zone 'UTC')::date as days
     from pg_inherits join pg_class partition on partition.oid = inhrelid where inhparent = 'outbox'::regclass`,
  );
  return found?.days ?? 0;
}

async function inShortTransaction(dataSource: DataSource, sql: string): Promise<void> {
  await dataSource.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await tx.query(sql);
  });
}
