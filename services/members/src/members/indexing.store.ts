import type { EntityManager } from 'typeorm';
import type { Slot, WrappedKey } from '../privacy/keys.js';

/** What of a member is indexed; `wrapped` is null after an erasure. */
export interface IndexedFields extends Omit<WrappedKey, 'wrapped'> {
  readonly wrapped: Buffer | null;
  readonly nameSealed: Buffer;
  /** Null where there is none, or where the member does not hold it. */
  readonly mobileSealed: Buffer | null;
  readonly emailSealed: Buffer | null;
}

/** The indexes of a member in the places that a process fills; null leaves a place as it is. */
export interface MemberIndexes {
  readonly memberId: string;
  readonly mobile: readonly (Buffer | null)[];
  readonly email: readonly (Buffer | null)[];
}

/** Takes some members that lack an index in one of the places, those that no other process has taken. */
export async function takeUnindexed(tx: EntityManager, bits: number, most: number): Promise<IndexedFields[]> {
  const lacking = [0, 1, 2, 3].filter((slots) => (slots & bits) !== bits);
  return tx.query<IndexedFields[]>(
    `SELECT member_id AS "memberId", name_sealed AS "nameSealed",
       CASE WHEN coalesce(mobile_index, mobile_index_1) IS NOT NULL THEN mobile_sealed END AS "mobileSealed",
       CASE WHEN coalesce(email_index, email_index_1) IS NOT NULL THEN email_sealed END AS "emailSealed",
       member_key.key_encryption_key_id AS "keyEncryptionKeyId", member_key.wrapped
     FROM member LEFT JOIN member_key USING (member_id)
     WHERE index_slots = ANY ($1::smallint[]) LIMIT $2 FOR UPDATE OF member SKIP LOCKED`,
    [lacking, most],
  );
}

export async function setIndexes(tx: EntityManager, bits: number, rows: readonly MemberIndexes[]): Promise<void> {
  await tx.query(
    `UPDATE member SET index_slots = index_slots | $6::smallint,
       mobile_index = coalesce(given.mobile, mobile_index), mobile_index_1 = coalesce(given.mobile_1, mobile_index_1),
       email_index = coalesce(given.email, email_index), email_index_1 = coalesce(given.email_1, email_index_1)
     FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[])
       AS given (member_id, mobile, mobile_1, email, email_1)
     WHERE member.member_id = given.member_id`,
    [
      rows.map((row) => row.memberId),
      rows.map((row) => row.mobile[0] ?? null),
      rows.map((row) => row.mobile[1] ?? null),
      rows.map((row) => row.email[0] ?? null),
      rows.map((row) => row.email[1] ?? null),
      bits,
    ],
  );
}

/** Empties a place of some members. @returns how many */
export async function emptyPlace(tx: EntityManager, slot: Slot, most: number): Promise<number> {
  const bit = 1 << slot;
  const suffix = slot === 0 ? '' : '_1';
  const [emptied] = await tx.query<[{ memberId: string }[], number]>(
    `UPDATE member SET mobile_index${suffix} = NULL, email_index${suffix} = NULL, index_slots = index_slots & ~$2::smallint
     WHERE member_id IN (SELECT member_id FROM member WHERE index_slots = ANY ($1::smallint[]) LIMIT $3
       FOR UPDATE SKIP LOCKED)
     RETURNING member_id AS "memberId"`,
    [[bit, 3], bit, most],
  );
  await tx.query('DELETE FROM name_index WHERE slot = $1 AND member_id = ANY ($2::uuid[])', [
    slot,
    emptied.map(({ memberId }) => memberId),
  ]);
  return emptied.length;
}
