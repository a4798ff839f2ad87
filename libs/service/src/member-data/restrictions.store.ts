import type { DataSource, EntityManager } from 'typeorm';
import type { Task } from './tasks.js';

/** Statements of a later migration: whose data is restricted, and the orders to do so. */
export const restrictionTables = {
  up: [
    `ALTER TABLE member_data_task DROP CONSTRAINT member_data_task_kind_check,
      ADD CONSTRAINT member_data_task_kind_check CHECK (kind IN ('export', 'erasure', 'restriction', 'lifting'))`,
    // A row stays when a restriction ends, so that an older order that is heard late changes nothing.
    `CREATE TABLE restricted_member (
      member_id uuid PRIMARY KEY,
      since timestamptz,
      ordered_at timestamptz NOT NULL
    )`,
  ],
  down: [
    'DROP TABLE restricted_member',
    `DELETE FROM member_data_task WHERE kind IN ('restriction', 'lifting')`,
    `ALTER TABLE member_data_task DROP CONSTRAINT member_data_task_kind_check,
      ADD CONSTRAINT member_data_task_kind_check CHECK (kind IN ('export', 'erasure'))`,
  ],
} as const;

/** Those of the members whose data is restricted (requirement M6): for all that nobody asked for. */
export async function restrictedAmong(tx: EntityManager, memberIds: readonly string[]): Promise<Set<string>> {
  if (memberIds.length === 0) return new Set();
  const rows = await tx.query<{ memberId: string }[]>(
    `SELECT member_id AS "memberId" FROM restricted_member WHERE member_id = ANY ($1::uuid[]) AND since IS NOT NULL`,
    [memberIds],
  );
  return new Set(rows.map(({ memberId }) => memberId));
}

/** Notes whether a member's data is restricted; an order older than the last one changes nothing. */
export async function noteRestriction(
  tx: EntityManager,
  { memberId, orderedAt }: { readonly memberId: string; readonly orderedAt: Date },
  restricted: boolean,
): Promise<void> {
  await tx.query(
    `INSERT INTO restricted_member (member_id, since, ordered_at) VALUES ($1, CASE WHEN $2 THEN $3::timestamptz END, $3)
     ON CONFLICT (member_id) DO UPDATE SET since = excluded.since, ordered_at = excluded.ordered_at
     WHERE excluded.ordered_at > restricted_member.ordered_at`,
    [memberId, restricted, orderedAt],
  );
}

/** Of these orders, those that are newer than what is known of their members. */
export async function restrictionsNotNoted(dataSource: DataSource, orders: readonly Task[]): Promise<Task[]> {
  const rows = await dataSource.query<{ memberId: string; orderedAt: Date }[]>(
    'SELECT member_id AS "memberId", ordered_at AS "orderedAt" FROM restricted_member WHERE member_id = ANY ($1::uuid[])',
    [orders.map(({ memberId }) => memberId)],
  );
  const noted = new Map(rows.map(({ memberId, orderedAt }) => [memberId, orderedAt]));
  return orders.filter(({ memberId, orderedAt }) => orderedAt > (noted.get(memberId) ?? new Date(0)));
}
