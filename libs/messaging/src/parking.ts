import type { DataSource, EntityManager } from 'typeorm';
import type { StoredRecord } from './broker.js';
import type { EventConsumer } from './event.js';
import { isRefused, reasonOf } from './failure.js';
import type { SqlRunner } from './outbox.js';
import { eventOf } from './record.js';

/** Whose keys: a group and a topic without the installation's prefix. An `EventConsumer` is one. */
export interface ParkingPlace {
  readonly group: string;
  readonly topic: string;
}

/** A key whose events wait, in order, because one of them could not be applied. */
export interface ParkedKey extends ParkingPlace {
  readonly key: string;
  readonly events: number;
  readonly parkedAt: Date;
  /** Why the first waiting event was refused. */
  readonly reason: string;
}

export interface ReplayResult {
  readonly applied: number;
  /** Events that still wait; 0 means the key is free again. */
  readonly waiting: number;
  /** Why the first of them was refused again. */
  readonly reason?: string;
}

/** A record and the partition that it came from. */
export interface PlacedRecord extends StoredRecord {
  readonly partition: number;
}

const REPLAY_CHUNK = 200;

/** Parked keys, longest waiting first, at most `limit`. */
export async function parkedKeys(runner: SqlRunner, limit = 100): Promise<ParkedKey[]> {
  const rows = await runner.query(
    `select parked_key.group_id as "group", parked_key.topic, parked_key.key, parked_at as "parkedAt", reason,
       (select count(*)::integer from parked_event as event
        where (event.group_id, event.topic, event.key) = (parked_key.group_id, parked_key.topic, parked_key.key)
       ) as events
     from parked_key order by parked_at limit $1`,
    [limit],
  );
  return rowsOf<ParkedKey>(rows);
}

/**
 * Applies what waits under a key, in order, and frees the key when nothing is left. Events that arrive meanwhile wait
 * for the step that is running and then go behind or, where the key is free, straight in. Stops at the first event that
 * is refused again. Outages are thrown; what was applied before stays applied.
 */
export async function replayParked(
  dataSource: DataSource,
  consumer: EventConsumer,
  key: string,
): Promise<ReplayResult> {
  let applied = 0;
  let chunk = REPLAY_CHUNK;
  for (;;) {
    try {
      const step = await dataSource.transaction((tx) => replayStep(tx, consumer, key, chunk));
      applied += step.applied;
      if (step.free) return { applied, waiting: 0 };
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (chunk === 1) return { applied, ...(await keepParked(dataSource, consumer, key, reasonOf(error))) };
      chunk = 1;
    }
  }
}

/**
 * Gives up the first event that waits under a key, or with `all` every one, and answers how many. The key is freed
 * when none is left; else the rest wait for a replay.
 */
export async function discardParked(
  dataSource: DataSource,
  place: ParkingPlace,
  key: string,
  all = false,
): Promise<number> {
  return dataSource.transaction(async (tx) => {
    if (!(await lockKey(tx, place, key))) return 0;
    const waiting = await readWaiting(tx, place, key, all ? null : 1);
    await removeWaiting(tx, place, key, waiting.at(-1)?.ord ?? '0');
    await freeWhenEmpty(tx, place, key);
    return waiting.length;
  });
}

/** The keys among `keys` that are parked, kept so until the transaction ends. */
export async function lockParked(
  tx: EntityManager,
  place: ParkingPlace,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ key: string }[]>(
    `select key from parked_key where group_id = $1 and topic = $2 and key = any($3::text[]) for share`,
    [place.group, place.topic, keys],
  );
  return new Set(rows.map((row) => row.key));
}

/** Puts records behind those that wait already; `reason` parks their keys first where they are not. */
export async function park(
  tx: EntityManager,
  place: ParkingPlace,
  records: readonly PlacedRecord[],
  reason?: string,
): Promise<void> {
  if (reason !== undefined) {
    await tx.query(
      `insert into parked_key (group_id, topic, key, reason)
       select distinct $1, $2, key, $4 from unnest($3::text[]) as key on conflict do nothing`,
      [place.group, place.topic, records.map(keyOf), reason],
    );
  }
  await tx.query(
    `insert into parked_event (group_id, topic, key, partition, record_offset, headers, value)
     select $1, $2, key, partition, record_offset, headers, value
     from unnest($3::integer[], $4::text[], $5::bigint[], $6::json[], $7::bytea[])
       as record (partition, key, record_offset, headers, value)
     on conflict do nothing`,
    [
      place.group,
      place.topic,
      records.map((record) => record.partition),
      records.map(keyOf),
      records.map((record) => record.offset),
      records.map((record) => JSON.stringify({ ...record.headers, ce_time: timeOf(record) }).replaceAll('\\u0000', '')),
      records.map((record) => record.value),
    ],
  );
}

/** The key as text that the database takes. */
export function keyOf(record: StoredRecord): string {
  return record.key.replaceAll('\0', '\uFFFD');
}

interface Waiting {
  readonly ord: string;
  readonly partition: number;
  readonly offset: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer | null;
}

async function replayStep(tx: EntityManager, consumer: EventConsumer, key: string, chunk: number) {
  if (!(await lockKey(tx, consumer, key))) return { applied: 0, free: true };
  const waiting = await readWaiting(tx, consumer, key, chunk);
  const last = waiting.at(-1);
  if (last) {
    const events = waiting.map(({ partition, offset, headers, value }) =>
      eventOf(consumer.topic, partition, { offset: Number(offset), key, headers, value, time: new Date(0) }),
    );
    await consumer.apply(tx, events);
    await removeWaiting(tx, consumer, key, last.ord);
  }
  return { applied: waiting.length, free: await freeWhenEmpty(tx, consumer, key) };
}

async function lockKey(tx: EntityManager, place: ParkingPlace, key: string): Promise<boolean> {
  const rows = await tx.query<unknown[]>(
    `select 1 from parked_key where group_id = $1 and topic = $2 and key = $3 for update`,
    [place.group, place.topic, key],
  );
  return rows.length > 0;
}

function readWaiting(tx: EntityManager, place: ParkingPlace, key: string, limit: number | null): Promise<Waiting[]> {
  return tx.query<Waiting[]>(
    `select ord::text, partition, record_offset as offset, headers, value from parked_event
     where group_id = $1 and topic = $2 and key = $3 order by parked_event.ord limit $4`,
    [place.group, place.topic, key, limit],
  );
}

async function removeWaiting(tx: EntityManager, place: ParkingPlace, key: string, upTo: string): Promise<void> {
  await tx.query(`delete from parked_event where group_id = $1 and topic = $2 and key = $3 and ord <= $4`, [
    place.group,
    place.topic,
    key,
    upTo,
  ]);
}

async function freeWhenEmpty(tx: EntityManager, place: ParkingPlace, key: string): Promise<boolean> {
  const freed = await tx.query<unknown[]>(
    `with freed as (
       delete from parked_key where group_id = $1 and topic = $2 and key = $3 and not exists (
         select 1 from parked_event where group_id = $1 and topic = $2 and key = $3) returning 1)
     select 1 from freed`,
    [place.group, place.topic, key],
  );
  return freed.length > 0;
}

async function keepParked(dataSource: DataSource, place: ParkingPlace, key: string, reason: string) {
  const rows = await dataSource.query<{ waiting: number }[]>(
    `with refused as (
       update parked_key set reason = $4 where group_id = $1 and topic = $2 and key = $3)
     select count(*)::integer as waiting from parked_event where group_id = $1 and topic = $2 and key = $3`,
    [place.group, place.topic, key, reason],
  );
  return { waiting: rows[0]?.waiting ?? 0, reason };
}

function timeOf(record: StoredRecord): string {
  return record.headers.ce_time ?? record.time.toISOString();
}

/** TypeORM answers rows, a pg client a result that has them. */
function rowsOf<T>(answer: unknown): T[] {
  return Array.isArray(answer) ? (answer as T[]) : (answer as { rows: T[] }).rows;
}
