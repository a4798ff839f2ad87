import type { EntityManager } from 'typeorm';
import type { PlacedIndexKey, Slot, WrappedKey } from './keys.js';

/** The key-encryption keys that wrap anything: a step in the index for each, not a look at every row. */
export async function keyIdsInUse(tx: EntityManager): Promise<string[]> {
  const rows = await tx.query<{ keyId: string }[]>(
    `WITH RECURSIVE used AS (
       SELECT min(key_encryption_key_id) AS id FROM member_key
       UNION ALL
       SELECT (SELECT min(key_encryption_key_id) FROM member_key WHERE key_encryption_key_id > used.id)
       FROM used WHERE used.id IS NOT NULL
     )
     SELECT id AS "keyId" FROM used WHERE id IS NOT NULL`,
  );
  return rows.map((row) => row.keyId);
}

/** How many data keys each key-encryption key wraps: a look at the whole index, for people who replace keys. */
export function countWrapped(tx: EntityManager): Promise<{ keyId: string; dataKeys: number }[]> {
  return tx.query(
    `SELECT key_encryption_key_id AS "keyId", count(*)::int AS "dataKeys" FROM member_key GROUP BY 1 ORDER BY 1`,
  );
}

/** Takes some data keys under these key-encryption keys, those that no other process has taken. */
export function takeWrappedBy(tx: EntityManager, keyIds: readonly string[], most: number): Promise<WrappedKey[]> {
  return tx.query<WrappedKey[]>(
    `SELECT member_id AS "memberId", key_encryption_key_id AS "keyEncryptionKeyId", wrapped
     FROM member_key WHERE key_encryption_key_id = ANY($1::text[]) LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [keyIds, most],
  );
}

export async function setWrapped(tx: EntityManager, keys: readonly WrappedKey[]): Promise<void> {
  await tx.query(
    `UPDATE member_key SET key_encryption_key_id = key.id, wrapped = key.wrapped
     FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS key (member_id, id, wrapped)
     WHERE member_key.member_id = key.member_id`,
    [keys.map((key) => key.memberId), keys.map((key) => key.keyEncryptionKeyId), keys.map((key) => key.wrapped)],
  );
}

/** Where index keys are placed, read under a lock, so that processes that start at once place them one by one. */
export async function holdIndexKeys(tx: EntityManager): Promise<PlacedIndexKey[]> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended(current_schema || ' index keys', 0))`);
  return tx.query<PlacedIndexKey[]>('SELECT key_id AS "keyId", slot, state FROM blind_index_key ORDER BY slot');
}

export async function keepIndexKeys(tx: EntityManager, keys: readonly PlacedIndexKey[]): Promise<void> {
  await tx.query(
    `INSERT INTO blind_index_key (key_id, slot, state) SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[])
     ON CONFLICT (slot) DO UPDATE SET state = excluded.state WHERE blind_index_key.key_id = excluded.key_id`,
    [keys.map((key) => key.keyId), keys.map((key) => key.slot), keys.map((key) => key.state)],
  );
}

export async function dropIndexKey(tx: EntityManager, slot: Slot): Promise<void> {
  await tx.query(`DELETE FROM blind_index_key WHERE slot = $1 AND state = 'retired'`, [slot]);
}

/** The places in which some member is not indexed, by the index on index_slots. */
export async function incompleteSlots(tx: EntityManager): Promise<Slot[]> {
  const rows = await tx.query<{ slot: Slot }[]>(
    `SELECT slot FROM unnest(ARRAY[0, 1]) AS slot WHERE EXISTS (
       SELECT FROM member WHERE index_slots = ANY (CASE slot WHEN 0 THEN '{0,2}'::smallint[] ELSE '{0,1}' END))`,
  );
  return rows.map(({ slot }) => slot);
}
