import type { EntityManager } from 'typeorm';
import type { WrappedKey } from './keys.js';

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

/** The key that made the blind indexes: the one given here where none was used before. */
export async function blindIndexKeyId(tx: EntityManager, keyId: string): Promise<string> {
  await tx.query('INSERT INTO blind_index_key (key_id) VALUES ($1) ON CONFLICT DO NOTHING', [keyId]);
  const [row] = await tx.query<[{ keyId: string }]>('SELECT key_id AS "keyId" FROM blind_index_key');
  return row.keyId;
}
