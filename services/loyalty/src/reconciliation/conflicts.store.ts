import type { EntityManager } from 'typeorm';
import type { ConflictAction, ConflictRow } from './conflict.js';

const columns = `conflict_id AS "conflictId", programme_id AS "programmeId", store_id AS "storeId", till_id AS "tillId",
  business_date::text AS "businessDate", receipt_number AS "receiptNumber", kind, body::text AS body,
  posted_at AS "postedAt", action, note, decided_by AS "settledBy", decided_at AS "settledAt"`;

export async function findConflict(tx: EntityManager, conflictId: string): Promise<ConflictRow | undefined> {
  const [row] = await tx.query<ConflictRow[]>(`SELECT ${columns} FROM receipt_conflict WHERE conflict_id = $1`, [
    conflictId,
  ]);
  return row;
}

/** Conflicts in the order in which they came; one more than asked tells whether there are more. */
export function conflictsAfter(
  tx: EntityManager,
  filter: { readonly storeIds: readonly string[] | undefined; readonly openOnly: boolean },
  after: readonly [postedAt: string, conflictId: string] | undefined,
  limit: number,
): Promise<ConflictRow[]> {
  return tx.query(
    `SELECT ${columns} FROM receipt_conflict
     WHERE ($1::uuid[] IS NULL OR store_id = ANY ($1)) AND (NOT $2 OR decided_at IS NULL)
       AND ($3::timestamptz IS NULL OR (posted_at, conflict_id) > ($3, $4::uuid))
     ORDER BY posted_at, conflict_id LIMIT $5`,
    [filter.storeIds ?? null, filter.openOnly, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
  );
}

/** Notes what was done; false when somebody was faster. Waits for whoever is just settling it. */
export async function settle(
  tx: EntityManager,
  settling: {
    readonly conflictId: string;
    readonly action: ConflictAction;
    readonly note: string;
    readonly by: string;
    readonly at: Date;
  },
): Promise<boolean> {
  const { conflictId, action, note, by, at } = settling;
  const [, count] = await tx.query<[unknown, number]>(
    `UPDATE receipt_conflict SET action = $2, note = $3, decided_by = $4, decided_at = $5
     WHERE conflict_id = $1 AND decided_at IS NULL`,
    [conflictId, action, note, by, at],
  );
  return count > 0;
}
