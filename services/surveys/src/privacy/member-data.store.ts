import type { EntityManager } from 'typeorm';

export async function recordsOf(tx: EntityManager, memberIds: readonly string[]): Promise<object[]> {
  const rows = await tx.query<{ record: object }[]>(
    `SELECT json_build_object('kind', 'follow-up', 'followUpId', follow_up_id, 'purchaseId', purchase_id,
       'storeId', store_id, 'state', state, 'dueAt', due_at) AS record
     FROM follow_up WHERE member_id = ANY ($1::uuid[]) ORDER BY follow_up_id`,
    [memberIds],
  );
  return rows.map(({ record }) => record);
}

/** Safe to repeat. @returns how many rows it deleted */
export async function forgetMember(tx: EntityManager, memberId: string): Promise<number> {
  let deleted = 0;
  for (const table of ['follow_up', 'open_complaint']) {
    const [rows] = await tx.query<[unknown[], number]>(`DELETE FROM ${table} WHERE member_id = $1 RETURNING 1`, [
      memberId,
    ]);
    deleted += rows.length;
  }
  return deleted;
}

/** Safe to repeat. @returns how many were planned */
export async function letLapse(tx: EntityManager, memberId: string): Promise<number> {
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE follow_up SET state = 'LAPSED' WHERE member_id = $1 AND state = 'PLANNED' RETURNING 1`,
    [memberId],
  );
  return rows.length;
}
