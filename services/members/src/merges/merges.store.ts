import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { Mergeable, MergeRow } from './merge.js';

const columns = `merge_id AS "mergeId", survivor_id AS "survivorId", merged_id AS "mergedId", state,
  ordered_at AS "orderedAt", ordered_by AS "orderedBy", booked_at AS "bookedAt", undo_ordered_at AS "undoOrderedAt",
  undo_ordered_by AS "undoOrderedBy", undone_at AS "undoneAt", exact, compensated_points AS "compensatedPoints",
  owed_points AS "owedPoints"`;

/** Locks members, in an order that is the same for everyone, and reads what a merge looks at. */
export function lockMergeable(tx: EntityManager, memberIds: readonly string[]): Promise<Mergeable[]> {
  return tx.query<Mergeable[]>(
    `SELECT member_id AS "memberId", merged_into AS "mergedInto", gone_at IS NOT NULL AS "isGone",
       mobile_verified_at IS NOT NULL AND coalesce(mobile_index, mobile_index_1) IS NOT NULL AS "hasVerifiedMobile",
       home_store_id AS "homeStoreId",
       EXISTS (SELECT FROM privacy_request r WHERE r.member_id = m.member_id AND r.kind = 'erasure'
         AND r.done_at IS NULL) AS "isErasureUnderWay",
       EXISTS (SELECT FROM member_merge g WHERE m.member_id IN (g.survivor_id, g.merged_id)
         AND g.state IN ('ordered', 'undo-ordered')) AS "isMergeUnderWay"
     FROM member m WHERE member_id = ANY ($1::uuid[]) ORDER BY member_id FOR UPDATE`,
    [memberIds],
  );
}

/** Whether a merge of the member, or its undoing, is ordered and not booked. */
export async function isUnderWay(tx: EntityManager, memberId: string): Promise<boolean> {
  const found = await tx.query<unknown[]>(
    `SELECT 1 FROM member_merge
     WHERE (survivor_id = $1 OR merged_id = $1) AND state IN ('ordered', 'undo-ordered') LIMIT 1`,
    [memberId],
  );
  return found.length > 0;
}

export async function addMerge(
  tx: EntityManager,
  row: Pick<MergeRow, 'mergeId' | 'survivorId' | 'mergedId' | 'orderedAt' | 'orderedBy'>,
): Promise<void> {
  await tx.query(
    `INSERT INTO member_merge (merge_id, survivor_id, merged_id, state, ordered_at, ordered_by)
     VALUES ($1, $2, $3, 'ordered', $4, $5)`,
    [row.mergeId, row.survivorId, row.mergedId, row.orderedAt, row.orderedBy],
  );
}

/** The merged member, and whoever was merged into her, stand for the survivor. */
export async function standFor(tx: EntityManager, mergedId: string, survivorId: string): Promise<void> {
  await tx.query('UPDATE member SET merged_into = $2 WHERE member_id = $1 OR merged_into = $1', [mergedId, survivorId]);
}

/** The merged member stands for herself again, and for whoever was merged into her and still is. */
export async function standAlone(tx: EntityManager, mergedId: string): Promise<void> {
  await tx.query(
    `WITH RECURSIVE hers (member_id) AS (
       SELECT $1::uuid
       UNION SELECT g.merged_id FROM member_merge g JOIN hers ON hers.member_id = g.survivor_id
       WHERE g.state IN ('ordered', 'booked')
     )
     UPDATE member m SET merged_into = CASE WHEN m.member_id = $1 THEN NULL ELSE $1::uuid END
     FROM hers WHERE m.member_id = hers.member_id`,
    [mergedId],
  );
}

export async function orderUndo(tx: EntityManager, mergeId: string, by: string, at: Date): Promise<void> {
  await tx.query(
    `UPDATE member_merge SET state = 'undo-ordered', undo_ordered_by = $2, undo_ordered_at = $3 WHERE merge_id = $1`,
    [mergeId, by, at],
  );
}

/** The pair needs no looking at any more. */
export async function forgetPair(tx: EntityManager, one: string, other: string): Promise<void> {
  await tx.query('DELETE FROM duplicate WHERE first_id = least($1::uuid, $2) AND second_id = greatest($1::uuid, $2)', [
    one,
    other,
  ]);
}

export async function findMerge(tx: EntityManager, mergeId: string): Promise<MergeRow | undefined> {
  const [row] = await tx.query<MergeRow[]>(`SELECT ${columns} FROM member_merge WHERE merge_id = $1`, [mergeId]);
  return row;
}

/** One more than a page of the merges of a member, newest first. */
export function mergesOf(tx: EntityManager, memberId: string, page: Page): Promise<MergeRow[]> {
  return tx.query<MergeRow[]>(
    `SELECT ${columns} FROM member_merge
     WHERE (survivor_id = $1 OR merged_id = $1) AND ($2::uuid IS NULL OR merge_id < $2)
     ORDER BY merge_id DESC LIMIT $3`,
    [memberId, page.after?.[0] ?? null, page.limit + 1],
  );
}

/** What loyalty told of a merge. */
export type Booked =
  | { readonly mergeId: string; readonly bookedAt: Date; readonly isUndo: false }
  | {
      readonly mergeId: string;
      readonly bookedAt: Date;
      readonly isUndo: true;
      readonly exact: boolean;
      readonly compensatedPoints: number;
      readonly owedPoints: number;
    };

/** Writes down what was booked. Safe to repeat. */
export async function markBooked(tx: EntityManager, booked: Booked): Promise<void> {
  if (!booked.isUndo) {
    await tx.query(
      `UPDATE member_merge SET state = 'booked', booked_at = $2 WHERE merge_id = $1 AND state = 'ordered'`,
      [booked.mergeId, booked.bookedAt],
    );
    return;
  }
  const { mergeId, bookedAt, exact, compensatedPoints, owedPoints } = booked;
  await tx.query(
    `UPDATE member_merge SET state = 'undone', undone_at = $2, exact = $3, compensated_points = $4, owed_points = $5
     WHERE merge_id = $1 AND state = 'undo-ordered'`,
    [mergeId, bookedAt, exact, compensatedPoints, owedPoints],
  );
}
