import type { EntityManager } from 'typeorm';

interface SealedChange {
  readonly contact: string;
  readonly oldSealed: Buffer | null;
  readonly newSealed: Buffer | null;
  readonly changedAt: Date;
  readonly changedBy: string;
  readonly reason: string;
}

export function contactChangesIn(tx: EntityManager, memberId: string): Promise<SealedChange[]> {
  return tx.query<SealedChange[]>(
    `SELECT kind AS contact, old_sealed AS "oldSealed", new_sealed AS "newSealed", changed_at AS "changedAt",
       changed_by AS "changedBy", reason
     FROM contact_change WHERE member_id = $1 ORDER BY change`,
    [memberId],
  );
}

/** The tags, and every line of who saw clear data, as records of an export. */
export async function tagsAndAccesses(tx: EntityManager, memberId: string): Promise<object[]> {
  const rows = await tx.query<{ record: object }[]>(
    `SELECT record FROM (
       SELECT 0 AS part, 0 AS entry, json_build_object('kind', 'tag', 'tag', tag) AS record
       FROM member_tag WHERE member_id = $1
       UNION ALL
       SELECT 1, entry, json_build_object('kind', 'access', 'at', at, 'principal', principal, 'fields', fields,
         'purpose', purpose)
       FROM access_log WHERE member_id = $1) AS records ORDER BY part, entry, record ->> 'tag'`,
    [memberId],
  );
  return rows.map(({ record }) => record);
}

/** Tables of which nothing of a member stays. */
const ofMembers = [
  'member_key',
  'name_index',
  'member_match',
  'member_tag',
  'particulars',
  'contact_change',
  'challenge',
  'visit',
  'visit_refund',
  'external_id',
  'member_tier',
];

/** Deletes what is personal and destroys the data key. Safe to repeat. @returns how many rows it touched */
export async function forgetMember(tx: EntityManager, memberId: string, at: Date): Promise<number> {
  const [rows] = await tx.query<[unknown[], number]>(
    `UPDATE member SET name_sealed = NULL, code_token_sealed = NULL, mobile_sealed = NULL, email_sealed = NULL,
       birthday_sealed = NULL, mobile_index = NULL, mobile_index_1 = NULL, email_index = NULL, email_index_1 = NULL,
       mobile_verified_at = NULL, email_verified_at = NULL, index_slots = 3, gone_at = coalesce(gone_at, $2)
     WHERE member_id = $1 RETURNING 1`,
    [memberId, at],
  );
  let touched = rows.length;
  await tx.query('DELETE FROM duplicate WHERE first_id = $1 OR second_id = $1', [memberId]);
  for (const table of ofMembers) {
    const [deleted] = await tx.query<[unknown[], number]>(`DELETE FROM ${table} WHERE member_id = $1 RETURNING 1`, [
      memberId,
    ]);
    touched += deleted.length;
  }
  return touched;
}
