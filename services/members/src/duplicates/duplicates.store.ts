import type { Page } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import type { WrappedKey } from '../privacy/keys.js';
import type { DuplicateRow, MatchKind } from './match.js';

/** A member who has to be compared; `wrapped` is null after an erasure. */
export interface Uncompared extends Omit<WrappedKey, 'wrapped'> {
  readonly wrapped: Buffer | null;
  readonly nameSealed: Buffer;
  readonly birthdaySealed: Buffer | null;
  readonly mobileSealed: Buffer | null;
  readonly emailSealed: Buffer | null;
  /** Contacts that she had before. */
  readonly former: readonly { readonly kind: 'mobile' | 'email'; readonly sealed: string }[];
}

/** A hash by which a member is compared. */
export interface MatchRow {
  readonly memberId: string;
  readonly kind: MatchKind;
  readonly index: Buffer;
}

/** Others than these with whom a member is paired for one thing in common: a number of a whole company pairs nobody else. */
const MOST_PAIRS = 20;

/**
 * Takes members who were not compared under this key yet, if no other process does so: two who were compared at the same
 * moment would not see each other.
 */
export async function takeUncompared(tx: EntityManager, keyId: string, most: number): Promise<Uncompared[]> {
  const [lock] = await tx.query<[{ isMine: boolean }]>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema || ' duplicates', 0)) AS "isMine"`,
  );
  if (!lock.isMine) return [];
  return tx.query<Uncompared[]>(
    `SELECT member_id AS "memberId", name_sealed AS "nameSealed", birthday_sealed AS "birthdaySealed",
       mobile_sealed AS "mobileSealed", email_sealed AS "emailSealed",
       member_key.key_encryption_key_id AS "keyEncryptionKeyId", member_key.wrapped,
       (SELECT coalesce(json_agg(json_build_object('kind', kind, 'sealed', encode(old_sealed, 'base64'))), '[]')
        FROM contact_change c WHERE c.member_id = member.member_id AND c.old_sealed IS NOT NULL) AS former
     FROM member LEFT JOIN member_key USING (member_id)
     WHERE compared_under IS NULL OR compared_under < $1 OR compared_under > $1 LIMIT $2 FOR UPDATE OF member`,
    [keyId, most],
  );
}

/** Writes what these members are compared by from now on, instead of what was before. */
export async function replaceMatches(
  tx: EntityManager,
  keyId: string,
  memberIds: readonly string[],
  rows: readonly MatchRow[],
): Promise<void> {
  await tx.query('DELETE FROM member_match WHERE member_id = ANY ($1::uuid[])', [memberIds]);
  await tx.query(
    `INSERT INTO member_match (member_id, kind, index) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])`,
    [rows.map((row) => row.memberId), rows.map((row) => row.kind), rows.map((row) => row.index)],
  );
  await tx.query('UPDATE member SET compared_under = $2 WHERE member_id = ANY ($1::uuid[])', [memberIds, keyId]);
}

/** Writes the pairs of these members with others; one that was dismissed stays so. @returns how many are new */
export async function proposePairs(tx: EntityManager, memberIds: readonly string[], foundAt: Date): Promise<number> {
  const rows = await tx.query<{ isNew: boolean }[]>(
    `INSERT INTO duplicate (first_id, second_id, reasons, found_at)
     SELECT least(m.member_id, o.member_id), greatest(m.member_id, o.member_id), array_agg(DISTINCT m.kind), $2
     FROM member_match m
     CROSS JOIN LATERAL (
       SELECT other.member_id FROM member_match other
       WHERE other.kind = m.kind AND other.index = m.index AND other.member_id <> m.member_id LIMIT $3
     ) o
     WHERE m.member_id = ANY ($1::uuid[]) GROUP BY 1, 2
     ON CONFLICT (first_id, second_id) DO UPDATE
     SET reasons = ARRAY(SELECT DISTINCT reason FROM unnest(duplicate.reasons || excluded.reasons) reason ORDER BY 1)
     RETURNING xmax = 0 AS "isNew"`,
    [memberIds, foundAt, MOST_PAIRS],
  );
  return rows.filter(({ isNew }) => isNew).length;
}

const columns = `d.duplicate_id AS "duplicateId", d.first_id AS "firstId", d.second_id AS "secondId", d.reasons,
  d.found_at AS "foundAt", d.state, d.dismissed_by AS "dismissedBy", d.dismissed_at AS "dismissedAt"`;

/**
 * One more than a page of the pairs in a state, found last first: a range of duplicate_in_state. Nobody is proposed while
 * the processing of her data is restricted (requirement M6).
 */
export function duplicatesIn(
  tx: EntityManager,
  state: DuplicateRow['state'],
  stores: readonly string[] | undefined,
  page: Page,
): Promise<DuplicateRow[]> {
  return tx.query<DuplicateRow[]>(
    `SELECT ${columns} FROM duplicate d
     WHERE d.state = $1
       AND NOT EXISTS (SELECT FROM member m WHERE m.member_id IN (d.first_id, d.second_id) AND m.merged_into IS NOT NULL)
       AND NOT EXISTS (
         SELECT FROM restricted_member r WHERE r.member_id IN (d.first_id, d.second_id) AND r.since IS NOT NULL)
       AND ($2::timestamptz IS NULL OR (d.found_at, d.duplicate_id) < ($2, $3::uuid))
       AND ($4::uuid[] IS NULL OR EXISTS (
         SELECT FROM member m WHERE m.member_id IN (d.first_id, d.second_id) AND m.home_store_id = ANY ($4)))
     ORDER BY d.found_at DESC, d.duplicate_id DESC LIMIT $5`,
    [state, page.after?.[0] ?? null, page.after?.[1] ?? null, stores ?? null, page.limit + 1],
  );
}

export async function findDuplicate(tx: EntityManager, duplicateId: string): Promise<DuplicateRow | undefined> {
  const [row] = await tx.query<DuplicateRow[]>(`SELECT ${columns} FROM duplicate d WHERE duplicate_id = $1`, [
    duplicateId,
  ]);
  return row;
}

/** Who dismissed a pair first stays who did. */
export async function dismiss(tx: EntityManager, duplicateId: string, by: string, at: Date): Promise<void> {
  await tx.query(
    `UPDATE duplicate SET state = 'dismissed', dismissed_by = $2, dismissed_at = $3
     WHERE duplicate_id = $1 AND state = 'proposed'`,
    [duplicateId, by, at],
  );
}
