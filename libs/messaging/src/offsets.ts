import type { DataSource, EntityManager } from 'typeorm';
import type { PartitionRange } from './broker.js';

/** Whose offsets: a group, and the topic by the broker's name. */
export interface OffsetOwner {
  readonly group: string;
  readonly topic: string;
}

/** A stored offset that lay outside its partition: records were deleted unread, or the topic was made anew. */
export interface ResetOffset {
  readonly partition: number;
  readonly was: number;
  readonly now: number;
}

/** A partition's offset, and where it is to be moved. */
export interface OffsetMove {
  readonly partition: number;
  readonly from: number;
  readonly next: number;
}

/**
 * Moves the offsets of partitions, each named once, that still stand where this member left them, and answers which
 * those were: the others belong to another. Rows are locked in one order, so that members never wait for each other.
 */
export async function moveOffsets(
  tx: EntityManager,
  owner: OffsetOwner,
  moves: readonly OffsetMove[],
): Promise<ReadonlySet<number>> {
  const rows = await tx.query<{ partition: number }[]>(
    `with held as (
       select partition, wanted.moved_to from consumer_offset
       join unnest($3::integer[], $4::bigint[], $5::bigint[]) as wanted (partition, stood_at, moved_to) using (partition)
       where group_id = $1 and topic = $2 and next_offset = wanted.stood_at
       order by partition for update of consumer_offset),
     moved as (
       update consumer_offset set next_offset = held.moved_to from held
       where group_id = $1 and topic = $2 and consumer_offset.partition = held.partition
       returning consumer_offset.partition)
     select partition from moved`,
    [
      owner.group,
      owner.topic,
      moves.map(({ partition }) => partition),
      moves.map(({ from }) => from),
      moves.map(({ next }) => next),
    ],
  );
  return new Set(rows.map(({ partition }) => partition));
}

/** Where each of the partitions goes on; those without a stored offset begin at their first record. */
export async function loadOffsets(
  dataSource: DataSource,
  owner: OffsetOwner,
  partitions: readonly number[],
  ranges: () => Promise<readonly PartitionRange[]>,
): Promise<{ offsets: Map<number, number>; resets: ResetOffset[] }> {
  const stored = await readOffsets(dataSource, owner, partitions);
  // Asked after the stored offsets were read, so that an offset beyond the end cannot be one that has just moved on.
  const current = (await ranges()).filter((range) => partitions.includes(range.partition));
  const fresh = current.filter((range) => !stored.has(range.partition));
  if (fresh.length > 0) {
    await dataSource.query(
      `insert into consumer_offset (group_id, topic, partition, next_offset)
       select $1, $2, partition, next_offset from unnest($3::integer[], $4::bigint[]) as fresh (partition, next_offset)
       on conflict do nothing`,
      [owner.group, owner.topic, fresh.map((range) => range.partition), fresh.map((range) => range.first)],
    );
  }
  const resets = current.flatMap(({ partition, first, next }) => {
    const was = stored.get(partition);
    return was !== undefined && (was < first || was > next) ? [{ partition, was, now: first }] : [];
  });
  if (resets.length > 0) {
    await dataSource.query(
      `with reset as (
         select * from unnest($3::integer[], $4::bigint[], $5::bigint[]) as reset (partition, was, now_at))
       update consumer_offset set next_offset = reset.now_at from reset
       where group_id = $1 and topic = $2 and consumer_offset.partition = reset.partition and next_offset = reset.was`,
      [owner.group, owner.topic, resets.map((r) => r.partition), resets.map((r) => r.was), resets.map((r) => r.now)],
    );
  }
  const settled = fresh.length + resets.length > 0 ? await readOffsets(dataSource, owner, partitions) : stored;
  return { offsets: settled, resets };
}

async function readOffsets(
  dataSource: DataSource,
  owner: OffsetOwner,
  partitions: readonly number[],
): Promise<Map<number, number>> {
  const rows = await dataSource.query<{ partition: number; offset: string }[]>(
    `select partition, next_offset as offset from consumer_offset
     where group_id = $1 and topic = $2 and partition = any($3::integer[])`,
    [owner.group, owner.topic, partitions],
  );
  return new Map(rows.map((row) => [row.partition, Number(row.offset)]));
}
