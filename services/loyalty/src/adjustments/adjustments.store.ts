import type { EntityManager } from 'typeorm';
import type { AdjustmentRow, AdjustmentState } from './adjustment.js';

const columns = `adjustment_id AS "adjustmentId", member_id AS "memberId", programme_id AS "programmeId", points, kind,
  reason, state, requested_by AS "requestedBy", requested_at AS "requestedAt", decided_by AS "decidedBy",
  decided_at AS "decidedAt", entry_id AS "entryId"`;

export async function insertAdjustment(tx: EntityManager, row: AdjustmentRow): Promise<void> {
  await tx.query(
    `INSERT INTO adjustment (adjustment_id, member_id, programme_id, points, kind, reason, state, requested_by,
       requested_at, entry_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      row.adjustmentId,
      row.memberId,
      row.programmeId,
      row.points,
      row.kind,
      row.reason,
      row.state,
      row.requestedBy,
      row.requestedAt,
      row.entryId,
    ],
  );
}

export async function findAdjustment(tx: EntityManager, adjustmentId: string): Promise<AdjustmentRow | undefined> {
  const [row] = await tx.query<AdjustmentRow[]>(`SELECT ${columns} FROM adjustment WHERE adjustment_id = $1`, [
    adjustmentId,
  ]);
  return row;
}

export async function markDecided(
  tx: EntityManager,
  row: Pick<AdjustmentRow, 'adjustmentId' | 'state' | 'decidedBy' | 'decidedAt' | 'entryId'>,
): Promise<void> {
  await tx.query(
    `UPDATE adjustment SET state = $2, decided_by = $3, decided_at = $4, entry_id = $5 WHERE adjustment_id = $1`,
    [row.adjustmentId, row.state, row.decidedBy, row.decidedAt, row.entryId],
  );
}

/** Points that somebody gave or took from a member since, without sign; what was rejected does not count. */
export async function pointsBy(tx: EntityManager, requestedBy: string, memberId: string, since: Date): Promise<number> {
  const [row] = await tx.query<{ points: number }[]>(
    `SELECT coalesce(sum(abs(points)), 0)::bigint AS points FROM adjustment
     WHERE member_id = $1 AND requested_by = $2 AND requested_at > $3 AND state <> 'rejected'`,
    [memberId, requestedBy, since],
  );
  return row?.points ?? 0;
}

/** Adjustments, newest first; one more than asked tells whether there are more. */
export function adjustmentsBefore(
  tx: EntityManager,
  state: AdjustmentState | undefined,
  beforeId: string | undefined,
  limit: number,
): Promise<AdjustmentRow[]> {
  return tx.query(
    `SELECT ${columns} FROM adjustment WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR adjustment_id < $2)
     ORDER BY adjustment_id DESC LIMIT $3`,
    [state ?? null, beforeId ?? null, limit + 1],
  );
}
