import type { EntityManager } from 'typeorm';

/** Particulars as stored; opened by the vault only. */
export interface ParticularsRow {
  readonly memberId: string;
  readonly version: number;
  readonly servingSealed: Buffer;
  readonly privateSealed: Buffer;
  readonly changedAt: Date;
}

export async function findParticulars(tx: EntityManager, memberId: string): Promise<ParticularsRow | undefined> {
  const [row] = await tx.query<ParticularsRow[]>(
    `SELECT member_id AS "memberId", version, serving_sealed AS "servingSealed", private_sealed AS "privateSealed",
       changed_at AS "changedAt"
     FROM particulars WHERE member_id = $1`,
    [memberId],
  );
  return row;
}

/** Replaces version `row.version - 1`, where 0 means that there is none yet; false when another version stands. */
export async function replaceParticulars(tx: EntityManager, row: ParticularsRow, changedBy: string): Promise<boolean> {
  const replaced = await tx.query<unknown[]>(
    `INSERT INTO particulars (member_id, version, serving_sealed, private_sealed, changed_at, changed_by)
     SELECT $1, $2, $3, $4, $5, $6
     WHERE $2::bigint = 1 OR EXISTS (SELECT 1 FROM particulars WHERE member_id = $1)
     ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, serving_sealed = excluded.serving_sealed,
       private_sealed = excluded.private_sealed, changed_at = excluded.changed_at, changed_by = excluded.changed_by
     WHERE particulars.version = excluded.version - 1
     RETURNING 1`,
    [row.memberId, row.version, row.servingSealed, row.privateSealed, row.changedAt, changedBy],
  );
  return replaced.length === 1;
}
